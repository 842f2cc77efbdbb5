/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "tools/common/option.h"
#include "tools/common/show.h"
#include "tools/ganad-train/cli.h"
#include "tools/ganad-train/data.h"
#include "tools/ganad-train/eval_protocol.h"
#include "tools/ganad-train/interrupt.h"
#include "tools/ganad-train/survey/data.h"
#include "tools/ganad-train/survey/report.h"
#include "tools/ganad-train/survey/train.h"

enum { PLANS_MAX = 16, MODELS_MAX = 8, SEEDS = 5, ROWS = 5000 };

struct survey {
    struct cli_list data, normal;
    const struct eval_protocol *protocol;
    uint64_t seeds, epochs, rows; /* epochs 0: those of each plan; rows 0: ROWS */
    const char *models, *json;    /* models NULL: all */
    bool quick, skip_bad, quiet;

    struct survey_data rows_of;
    struct survey_result result[PLANS_MAX]; /* (n) */
    size_t n;
    struct gad_time start;
    double cost, cost_done; /* of all trainings; of the finished ones */
};

static void survey_deinit(struct survey *s)
{
    for (size_t i = 0; i < s->n; i++) {
        for (size_t k = 0; k < s->result[i].n; k++)
            survey_training_deinit(&s->result[i].training[k]);
        gad_free(s->result[i].training);
    }
    survey_data_deinit(&s->rows_of);
    cli_list_deinit(&s->normal);
    cli_list_deinit(&s->data);
}

static int parse_one(int c, struct survey *s, struct gad_diag *d)
{
    switch (c) {
    case 'm':
        s->models = optarg;
        return 0;
    case 'n':
        return cli_u64("--seeds", optarg, 1, SURVEY_SEEDS_MAX, &s->seeds, d);
    case 'e':
        return cli_u64("--epochs", optarg, 1, 100000, &s->epochs, d);
    case 'r':
        return cli_u64("--rows", optarg, 1, UINT32_MAX, &s->rows, d);
    case 'j':
        s->json = optarg;
        return 0;
    case 'k':
        s->quick = true;
        return 0;
    case 'q':
        s->quiet = true;
        return 0;
    case 'l':
        return cli_list_add(&s->normal, optarg);
    case 's':
        s->skip_bad = true;
        return 0;
    default: /* 'd', and 1: a bare argument */
        return cli_list_add(&s->data, optarg);
    }
}

/* Whether @name is in a comma-separated list. */
static bool is_listed(const char *list, const char *name)
{
    size_t len = strlen(name);

    for (;;) {
        if (strncmp(list, name, len) == 0 && (list[len] == ',' || list[len] == '\0'))
            return true;
        list = strchr(list, ',');
        if (!list)
            return false;
        list++;
    }
}

static int check_models(const char *list, struct gad_diag *d)
{
    const char *names[MODELS_MAX];
    size_t n = 0, at;

    while (n < MODELS_MAX && gad_trainer_at(n)) {
        names[n] = gad_trainer_at(n)->name;
        n++;
    }
    for (const char *s = list; s;) {
        char name[64];
        size_t len = strcspn(s, ",");
        (void)snprintf(name, sizeof(name), "%.*s", (int)(len < 64 ? len : 64), s);
        int err = cli_choice("--models", name, names, n, &at, d);
        if (err != 0)
            return err;
        s = s[len] == ',' ? s + len + 1 : NULL;
    }
    return 0;
}

/* Chooses the plans; allocates their trainings. */
static int choose_plans(struct survey *s)
{
    const struct survey_plan *p;

    for (size_t i = 0; (p = survey_plan_at(i)) != NULL; i++) {
        if ((s->models && !is_listed(s->models, p->model)) || (s->quick && !p->published))
            continue;
        gad_assert(s->n < PLANS_MAX);
        struct survey_result *r = &s->result[s->n++];
        *r = (struct survey_result){.plan = p,
                                    .epochs = s->epochs ? (uint32_t)s->epochs : p->epochs,
                                    .training = gad_calloc(s->seeds, sizeof(*r->training))};
        if (!r->training)
            return GAD_ENOMEM;
        s->cost += (double)s->seeds * r->epochs * p->cost;
    }
    return 0;
}

static int parse(const struct cli_command *self, int argc, char **argv, struct survey *s)
{
    static const struct option options[] = {{"data", required_argument, NULL, 'd'},
                                            {"models", required_argument, NULL, 'm'},
                                            {"seeds", required_argument, NULL, 'n'},
                                            {"epochs", required_argument, NULL, 'e'},
                                            {"rows", required_argument, NULL, 'r'},
                                            {"json", required_argument, NULL, 'j'},
                                            {"quick", no_argument, NULL, 'k'},
                                            {"quiet", no_argument, NULL, 'q'},
                                            {"skip-bad", no_argument, NULL, 's'},
                                            {"normal", required_argument, NULL, 'l'},
                                            {0}};
    struct gad_diag d = {0};
    int err = 0;

    for (int c; err == 0 && (c = option_next(argc, argv, "-q", options, NULL)) != -1;) {
        if (c == '?')
            return cli_try_help(self); /* getopt said why */
        err = parse_one(c, s, &d);
    }
    for (int i = optind; err == 0 && i < argc; i++)
        err = cli_list_add(&s->data, argv[i]);
    if (err == 0)
        err = check_models(s->models, &d);
    if (err == 0)
        err = eval_protocol_parse("survey", &s->protocol, &d);
    if (err != 0)
        return cli_usage(self, "%s", d.text[0] ? d.text : gad_strerror(err));
    if (s->data.n == 0)
        return cli_usage(self, "give labelled records with --data");
    if (s->rows > 0 && s->models && strcmp(s->models, "ganomaly") == 0)
        return cli_usage(self,
                         "--rows: model 'ganomaly' does not use it, its scores are of all rows");
    if (s->seeds == 0)
        s->seeds = s->quick ? 1 : SEEDS;
    return choose_plans(s) != 0 ? cli_failed(GAD_ENOMEM, NULL) : CLI_OK;
}

static void announce(const struct survey *s)
{
    const struct survey_data *r = &s->rows_of;
    const struct survey_rows *all = &r->sample[SURVEY_ALL];
    char n[SHOW_TEXT], test[SHOW_TEXT], distinct[SHOW_TEXT], some[SHOW_TEXT];
    size_t trainings = 0;

    for (size_t i = 0; i < s->n; i++)
        trainings += (size_t)s->seeds;
    if (!s->quiet)
        (void)fprintf(stderr,
                      "%zu trainings; %s attack rows train, %s rows of the other half test (%s of "
                      "them different), %s where scoring is a search\n",
                      trainings, show_count(r->split.n_train, n), show_count(all->n, test),
                      show_count(r->n_distinct, distinct),
                      show_count(r->sample[SURVEY_SOME].n, some));
}

/* Progress after each training: the next row of the table can take an hour. */
static void say_progress(const struct survey *s, const struct survey_result *r)
{
    char title[SURVEY_TITLE], took[SHOW_TEXT], left[SHOW_TEXT];
    const struct survey_training *t = &r->training[r->n - 1];
    double spent = gad_time_seconds(gad_time_sub(gad_time_monotonic(), s->start));
    const struct survey_point *best = survey_pick(t, SURVEY_BEST, 0),
                              *last = survey_pick(t, SURVEY_LAST, 0);

    if (s->quiet)
        return;
    survey_title(r->plan, title);
    (void)fprintf(stderr, "%s, seed %llu: F1 %.4f last, %.4f in epoch %u; %s, about %s left\n",
                  title, (unsigned long long)t->seed, last->figure[0].f1, best->figure[0].f1,
                  best->epoch, show_clock(t->train_s + t->look_s, took),
                  show_clock(spent * (s->cost - s->cost_done) / s->cost_done, left));
}

static int write_json(const struct survey *s, bool complete, struct gad_diag *d)
{
    const struct survey_findings f = {.data = &s->rows_of,
                                      .protocol = s->protocol,
                                      .n_seeds = (size_t)s->seeds,
                                      .complete = complete,
                                      .n = s->n,
                                      .result = s->result};
    return s->json && s->cost_done > 0.0 ? survey_write_json(&f, s->json, d) : 0;
}

/* Trains one plan with every seed; GAD_END after Ctrl-C. */
static int run_plan(struct survey *s, struct survey_result *r, struct gad_diag *d)
{
    int err = 0;

    for (uint64_t seed = 1; err == 0 && seed <= s->seeds; seed++) {
        err = interrupt_seen() ? GAD_END
                               : survey_train(r->plan, r->epochs, seed, s->protocol->percentile,
                                              &s->rows_of, s->quiet, &r->training[r->n], d);
        if (err != 0)
            break;
        r->n++;
        s->cost_done += r->epochs * r->plan->cost;
        say_progress(s, r);
    }
    survey_print(r, &s->rows_of, stdout);
    return err;
}

static int run_all(struct survey *s, struct gad_diag *d)
{
    int err = 0;

    s->start = gad_time_monotonic();
    for (size_t i = 0; err == 0 && i < s->n; i++) {
        err = run_plan(s, &s->result[i], d);
        bool complete = err == 0 && i + 1 == s->n;
        int written =
            write_json(s, complete, err < 0 ? NULL : d); /* only the first error is reported */
        if (err >= 0 && written < 0)
            err = written;
    }
    return err;
}

static int run(const struct cli_command *self, int argc, char **argv)
{
    gad_cleanup(survey_deinit) struct survey s = {0};
    struct gad_diag d = {0};

    int code = parse(self, argc, argv, &s);
    if (code != CLI_OK)
        return code;
    interrupt_watch();
    int err = s.json ? cli_check_out(s.json, &d) : 0;
    if (err == 0)
        err = survey_data_load(
            &s.rows_of,
            &(struct data_request){
                .files = &s.data, .normal = &s.normal, .skip_bad = s.skip_bad, .quiet = true},
            s.protocol, (size_t)(s.rows ? s.rows : ROWS), &d);
    if (err != 0)
        return cli_failed(err, &d);
    announce(&s);
    err = run_all(&s, &d);
    if (s.cost_done > 0.0)
        survey_print_labels(s.protocol, stdout);
    if (err < 0)
        return cli_failed(err, &d);
    if (err == GAD_END)
        cli_say(s.cost_done > 0.0
                    ? "interrupted: only what was finished is in the table"
                    : "interrupted before the first training was finished: nothing to print");
    code = cli_flushed();
    return code == CLI_OK && err == GAD_END && !(s.cost_done > 0.0) ? CLI_INTERRUPTED : code;
}

const struct cli_command command_survey = {
    .name = "survey",
    .summary = "repeat the survey's KDD99 tables over several seeds",
    .help =
        "Usage: ganad-train survey --data FILE... [OPTION...]\n\n"
        "Trains every combination of losses in the survey's tables with several seeds, scores the\n"
        "test rows after each epoch, and prints precision, recall and F1 beside the published\n"
        "figures. With protocol survey attacks train, NORMAL connections are the positives, and\n"
        "the threshold is the 80th percentile of the test scores, so it depends on their share. "
        "An\n"
        "epoch chosen by test labels, as in the survey, is shown beside the last epoch and one\n"
        "chosen without labels.\n\n"
        "  --data FILE...             KDD99 or NSL-KDD records with labels; may be repeated\n"
        "  --models LIST              some of egbad,ganomaly,anogan; default all\n"
        "  --seeds N                  trainings of each combination, with seeds 1 to N; default 5\n"
        "  --epochs N                 in place of 50, for ganomaly 5\n"
        "  --rows N                   test rows of anogan, whose score is a search, evenly\n"
        "                             spread; default 5000\n"
        "  --quick                    only the combinations that have published figures, one seed\n"
        "                             unless --seeds is given\n"
        "  --json FILE                all figures of all seeds, rewritten after each row of the\n"
        "                             table\n"
        "  --normal NAME              the label of normal records, in place of 'normal' and\n"
        "                             'benign'; may be repeated\n"
        "  --skip-bad                 skip and count bad lines instead of stopping at the first\n"
        "  -q, --quiet                no progress\n\n"
        "With the KDD99 10 % set and all defaults: an hour and a half, 250 MB. Ctrl-C stops and\n"
        "prints the finished results. Exit codes: 0 printed, 1 failed, 2 wrong usage, 130\n"
        "interrupted with nothing to print.\n",
    .run = run,
};
