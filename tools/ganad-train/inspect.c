/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/inspect.h"

#include <stdio.h>

#include <jansson.h>

#include "lib/checkpoint/checkpoint.h"
#include "models/detector.h"
#include "models/interval.h"
#include "models/model.h"
#include "tools/common/option.h"
#include "tools/common/show.h"
#include "tools/ganad-train/cli.h"
#include "tools/ganad-train/tail.h"

struct description {
    const char *path;
    const struct gad_checkpoint *checkpoint;
    const struct gad_detector *detector; /* NULL if it refused the checkpoint */
    const char *why;                     /* the reason of the refusal */
};

static const double budgets[] = {0.01, 0.001, 0.0001};
enum { N_BUDGETS = sizeof(budgets) / sizeof(budgets[0]) };

static const char *const activations[GAD_CKPT_N_ACTS] = {"linear", "relu", "leaky_relu", "sigmoid",
                                                         "tanh"};

static uint64_t layer_parameters(const struct gad_ckpt_layer *l)
{
    return (uint64_t)l->in * l->out + l->out;
}

static uint64_t net_parameters(const struct gad_ckpt_net *net)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < net->n_layers; i++)
        sum += layer_parameters(&net->layers[i]);
    return sum;
}

static uint64_t parameters(const struct gad_checkpoint *c)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < c->n_nets; i++)
        sum += net_parameters(&c->nets[i]);
    return sum;
}

static void hex(const uint8_t sha256[32], char text[static 65])
{
    for (size_t i = 0; i < 32; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", sha256[i]);
}

/* "121 -> 64 leaky_relu(0.1) dropout 0.2 -> 32" */
static void net_text(const struct gad_ckpt_net *net, FILE *f)
{
    char count[SHOW_TEXT];

    (void)fprintf(f, "  %-11s %s: %u", "", net->name, net->n_layers > 0 ? net->layers[0].in : 0);
    for (size_t i = 0; i < net->n_layers; i++) {
        const struct gad_ckpt_layer *l = &net->layers[i];
        (void)fprintf(f, " -> %u", l->out);
        if (l->act == GAD_CKPT_LEAKY_RELU)
            (void)fprintf(f, " leaky_relu(%g)", (double)l->slope);
        else if (l->act != GAD_CKPT_LINEAR)
            (void)fprintf(f, " %s", activations[l->act]);
        if (l->dropout > 0.0f)
            (void)fprintf(f, " dropout %g", (double)l->dropout);
    }
    (void)fprintf(f, "  (%s)\n", show_count(net_parameters(net), count));
}

static void schema_text(const struct gad_checkpoint *c, FILE *f)
{
    (void)fprintf(f, "  schema      %zu elements: %zu numeric columns, %zu one-hot groups (",
                  c->scaler.dim, c->schema.n_numeric, c->schema.n_groups);
    for (size_t i = 0; i < c->schema.n_groups; i++)
        (void)fprintf(f, "%s%s %zu", i == 0 ? "" : ", ", c->schema.groups[i].column,
                      c->schema.groups[i].n_categories);
    (void)fputs(")\n", f);
}

static void budget_text(const struct gad_detector *det, double budget, FILE *f)
{
    struct gad_interval i = gad_detector_fpr_interval(det, budget);

    (void)fprintf(f,
                  "  %-11s threshold %-12.6g for %g %% false alarms (95 %%: %.3g to %.3g %%)%s\n",
                  "", (double)gad_detector_threshold(det, budget), 100.0 * budget, 100.0 * i.low,
                  100.0 * i.high, tail_note(det, budget));
}

static void calibration_text(const struct description *s, FILE *f)
{
    const struct gad_checkpoint *c = s->checkpoint;
    char count[SHOW_TEXT];

    if (c->reference.n > 0)
        (void)fprintf(f, "  reference   %s rows, for drift\n", show_count(c->reference.n, count));
    (void)fprintf(f, "  calibration %s held-out rows, scores %g to %g\n",
                  show_count(c->calibration.n, count), (double)c->calibration.value[0],
                  (double)c->calibration.value[c->calibration.n_levels - 1]);
    if (c->calibration.folds > 0)
        (void)fprintf(f, "  %-11s of %u folds, each scored by a model of the others; worth %s\n",
                      "", c->calibration.folds, show_count(c->calibration.worth, count));
    for (size_t i = 0; s->detector && i < N_BUDGETS; i++)
        budget_text(s->detector, budgets[i], f);
    (void)fputs("  tail        ", f);
    tail_text(&c->calibration.tail, s->detector, 14, f);
}

/* "search      500 steps a record: rate 0.01, from step 300 0.001, from step 400 0.0005; seed 1" */
static void search_text(const struct gad_ckpt_search *s, FILE *f)
{
    if (s->steps == 0)
        return;
    (void)fprintf(f, "  search      %u steps a record: rate %g", s->steps,
                  (double)s->phases[0].rate);
    for (size_t i = 1; i < s->n_phases; i++)
        (void)fprintf(f, ", from step %u %g", s->phases[i].from, (double)s->phases[i].rate);
    if (s->tolerance > 0.0f)
        (void)fprintf(f, "; ends at gains below %g", (double)s->tolerance);
    (void)fprintf(f, "; seed %llu\n", (unsigned long long)s->seed);
}

static json_t *search_json(const struct gad_ckpt_search *s)
{
    json_t *phases = json_array();

    for (size_t i = 0; i < s->n_phases; i++)
        (void)json_array_append_new(phases,
                                    json_pack("{s:I, s:f}", "from", (json_int_t)s->phases[i].from,
                                              "rate", (double)s->phases[i].rate));
    return json_pack("{s:I, s:f, s:I, s:o}", "steps", (json_int_t)s->steps, "tolerance",
                     (double)s->tolerance, "seed", (json_int_t)s->seed, "phases", phases);
}

static void provenance_text(const struct gad_checkpoint *c, FILE *f)
{
    char count[SHOW_TEXT];

    (void)fprintf(f, "  trained     by %s%s%s, protocol %s, seed %llu, epoch %u of %u kept\n",
                  c->provenance.software, c->provenance.created[0] ? " at " : "",
                  c->provenance.created, c->provenance.protocol,
                  (unsigned long long)c->provenance.seed, c->provenance.epoch,
                  c->provenance.epochs);
    (void)fprintf(f, "  command     %s\n", c->provenance.command);
    for (size_t i = 0; i < c->provenance.n_data; i++) {
        const struct gad_ckpt_source *src = &c->provenance.data[i];
        (void)fprintf(f, "  data        %s: %s rows, sha256 %s\n", src->name,
                      show_count(src->rows, count), src->sha256);
    }
    for (size_t i = 0; i < c->provenance.n_metrics; i++)
        (void)fprintf(f, "  %-11s %-28s %.6g\n", i == 0 ? "metrics" : "",
                      c->provenance.metrics[i].name, c->provenance.metrics[i].value);
}

static void describe_text(const struct description *s, FILE *f)
{
    const struct gad_checkpoint *c = s->checkpoint;
    const struct gad_model_ops *ops = gad_model_find(c->model);
    char sha256[65], count[SHOW_TEXT];

    hex(c->sha256, sha256);
    (void)fprintf(f, "%s\n", s->path);
    (void)fprintf(f, "  name        %s\n", c->name);
    (void)fprintf(f, "  model       %s%s%s\n", c->model, ops ? ": " : "", ops ? ops->summary : "");
    (void)fprintf(f, "  sha256      %s\n", sha256);
    (void)fprintf(f, "  networks    %zu, %s parameters\n", c->n_nets,
                  show_count(parameters(c), count));
    for (size_t i = 0; i < c->n_nets; i++)
        net_text(&c->nets[i], f);
    schema_text(c, f);
    if (c->condition[0] != '\0')
        (void)fprintf(f, "  condition   %s\n", c->condition);
    (void)fprintf(f, "  scaler      %s\n", c->scaler.kind);
    (void)fprintf(f, "  score       %s, weight %g, degree %u\n", c->score.kind,
                  (double)c->score.weight, c->score.degree);
    search_text(&c->score.search, f);
    calibration_text(s, f);
    provenance_text(c, f);
    if (s->detector)
        (void)fprintf(f, "  self-test   ok: %zu records score as they did in training\n",
                      c->n_self_tests);
    else
        (void)fprintf(f, "  self-test   FAILED: %s\n", s->why);
}

static json_t *net_json(const struct gad_ckpt_net *net)
{
    json_t *layers = json_array();

    for (size_t i = 0; i < net->n_layers; i++) {
        const struct gad_ckpt_layer *l = &net->layers[i];
        (void)json_array_append_new(
            layers, json_pack("{s:s, s:I, s:I, s:s, s:f, s:f, s:I}", "kind", "dense", "in",
                              (json_int_t)l->in, "out", (json_int_t)l->out, "activation",
                              activations[l->act], "slope", (double)l->slope, "dropout",
                              (double)l->dropout, "parameters", (json_int_t)layer_parameters(l)));
    }
    return json_pack("{s:s, s:I, s:o}", "name", net->name, "parameters",
                     (json_int_t)net_parameters(net), "layers", layers);
}

static json_t *schema_json(const struct gad_checkpoint *c)
{
    json_t *numeric = json_array(), *groups = json_array();

    for (size_t i = 0; i < c->schema.n_numeric; i++)
        (void)json_array_append_new(numeric, json_string(c->schema.numeric[i]));
    for (size_t i = 0; i < c->schema.n_groups; i++) {
        const struct gad_ckpt_group *g = &c->schema.groups[i];
        json_t *names = json_array();
        for (size_t k = 0; k < g->n_categories; k++)
            (void)json_array_append_new(names, json_string(g->categories[k]));
        (void)json_array_append_new(
            groups, json_pack("{s:s, s:o}", "column", g->column, "categories", names));
    }
    return json_pack("{s:I, s:o, s:o}", "dim", (json_int_t)c->scaler.dim, "numeric", numeric,
                     "groups", groups);
}

static json_t *calibration_json(const struct description *s)
{
    const struct gad_checkpoint *c = s->checkpoint;
    json_t *thresholds = json_object();

    for (size_t i = 0; s->detector && i < N_BUDGETS; i++) {
        char key[32];
        (void)snprintf(key, sizeof(key), "%g", budgets[i]);
        (void)json_object_set_new(
            thresholds, key, json_real((double)gad_detector_threshold(s->detector, budgets[i])));
    }
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:f, s:f, s:o, s:o, s:o}", "n", (json_int_t)c->calibration.n, "folds",
        (json_int_t)c->calibration.folds, "worth",
        (json_int_t)(c->calibration.worth ? c->calibration.worth : c->calibration.n), "levels",
        (json_int_t)c->calibration.n_levels, "min", (double)c->calibration.value[0], "max",
        (double)c->calibration.value[c->calibration.n_levels - 1], "threshold_at_fpr", thresholds,
        "tail", tail_json(&c->calibration.tail), "interval_at_p",
        s->detector ? tail_intervals(s->detector) : json_object());
}

json_t *inspect_history(const struct gad_ckpt_history *h)
{
    const struct {
        const char *name;
        const double *v;
    } figures[] = {{"loss_d", h->loss_d},
                   {"loss_g", h->loss_g},
                   {"loss_e", h->loss_e},
                   {"held_out", h->held_out}};
    if (h->n == 0)
        return json_null();

    json_t *all = json_object();
    for (size_t k = 0; k < sizeof(figures) / sizeof(figures[0]); k++) {
        json_t *one = json_array();
        for (size_t i = 0; i < h->n; i++)
            (void)json_array_append_new(one, json_real(figures[k].v[i]));
        (void)json_object_set_new(all, figures[k].name, one);
    }
    return all;
}

static json_t *provenance_json(const struct gad_checkpoint *c)
{
    json_t *data = json_array(), *metrics = json_object();

    for (size_t i = 0; i < c->provenance.n_data; i++) {
        const struct gad_ckpt_source *src = &c->provenance.data[i];
        (void)json_array_append_new(data, json_pack("{s:s, s:s, s:I}", "name", src->name, "sha256",
                                                    src->sha256, "rows", (json_int_t)src->rows));
    }
    for (size_t i = 0; i < c->provenance.n_metrics; i++)
        (void)json_object_set_new(metrics, c->provenance.metrics[i].name,
                                  json_real(c->provenance.metrics[i].value));
    json_t *all =
        json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:o, s:o}", "created", c->provenance.created,
                  "software", c->provenance.software, "command", c->provenance.command, "protocol",
                  c->provenance.protocol, "seed", (json_int_t)c->provenance.seed, "epochs",
                  (json_int_t)c->provenance.epochs, "epoch", (json_int_t)c->provenance.epoch,
                  "data", data, "metrics", metrics);
    if (c->provenance.history.n > 0)
        (void)json_object_set_new(all, "history", inspect_history(&c->provenance.history));
    return all;
}

static json_t *describe_json(const struct description *s)
{
    const struct gad_checkpoint *c = s->checkpoint;
    json_t *nets = json_array();
    char sha256[65];

    hex(c->sha256, sha256);
    for (size_t i = 0; i < c->n_nets; i++)
        (void)json_array_append_new(nets, net_json(&c->nets[i]));
    json_t *self_test =
        json_pack("{s:I, s:b}", "n", (json_int_t)c->n_self_tests, "ok", s->detector != NULL);
    if (!s->detector)
        (void)json_object_set_new(self_test, "why", json_string(s->why));
    json_t *score = json_pack("{s:s, s:f, s:I}", "kind", c->score.kind, "weight",
                              (double)c->score.weight, "degree", (json_int_t)c->score.degree);
    if (c->score.search.steps > 0)
        (void)json_object_set_new(score, "search", search_json(&c->score.search));
    json_t *all = json_pack(
        "{s:s, s:s, s:s, s:I, s:o, s:o, s:s, s:o, s:o, s:o, s:o}", "name", c->name, "model",
        c->model, "sha256", sha256, "parameters", (json_int_t)parameters(c), "nets", nets, "schema",
        schema_json(c), "scaler", c->scaler.kind, "score", score, "calibration",
        calibration_json(s), "provenance", provenance_json(c), "self_test", self_test);
    if (c->condition[0] != '\0')
        (void)json_object_set_new(all, "condition", json_string(c->condition));
    return all;
}

static int inspect(const char *path, bool json)
{
    struct gad_diag d = {0}, why = {0};
    gad_cleanup(gad_checkpoint_freep) struct gad_checkpoint *c = NULL;
    int err = gad_checkpoint_read(path, &c, &d);
    if (err != 0)
        return cli_failed(err, &d);

    /* The file is valid. Whether it reproduces its scores is checked here. */
    gad_cleanup(gad_detector_freep) struct gad_detector *det = NULL;
    err = gad_detector_new(path, c, &det, &why);
    struct description s = {.path = path, .checkpoint = c, .detector = det, .why = why.text};
    if (json) {
        json_t *j = describe_json(&s);
        if (!j)
            return cli_failed(GAD_ENOMEM, NULL);
        (void)json_dumpf(j, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
        (void)putchar('\n');
        json_decref(j);
    } else {
        describe_text(&s, stdout);
    }
    if (err != 0)
        (void)cli_failed(err, &why);
    return err != 0 ? CLI_FAILED : cli_flushed();
}

static int run(const struct cli_command *self, int argc, char **argv)
{
    static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {0}};
    bool json = false;

    for (int o; (o = option_next(argc, argv, "", options, NULL)) != -1;) {
        if (o != 'j')
            return cli_try_help(self); /* getopt said why */
        json = true;
    }
    if (optind == argc)
        return cli_usage(self, "give one checkpoint");
    if (optind < argc - 1)
        return cli_usage(self, "give one checkpoint: '%s' is one more", argv[optind + 1]);
    return inspect(argv[optind], json);
}

const struct cli_command command_inspect = {
    .name = "inspect",
    .summary = "show the contents of a checkpoint",
    .help =
        "Usage: ganad-train inspect CHECKPOINT [--json]\n\n"
        "Shows the contents of a checkpoint: its model and networks, the features that it reads,\n"
        "the calibration of its scores and its provenance. The file is checked as the daemon\n"
        "checks it, including the self-test. If it is refused, the reason is printed and the exit\n"
        "code is 1.\n\n"
        "  --json    the same as one JSON object\n",
    .run = run,
};
