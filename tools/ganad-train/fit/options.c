/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/fit/options.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"
#include "lib/checkpoint/checkpoint.h"
#include "models/model.h"
#include "tools/common/option.h"
#include "tools/ganad-train/by_time.h"
#include "tools/ganad-train/fit/folds.h"
#include "tools/ganad-train/fit/folds_run.h"
#include "tools/ganad-train/fit/settings.h"

enum opt {
    OPT_MODEL,
    OPT_DATA,
    OPT_PROTOCOL,
    OPT_SCALER,
    OPT_EPOCHS,
    OPT_SEED,
    OPT_OUT,
    OPT_NAME,
    OPT_LR,
    OPT_BATCH,
    OPT_EMA,
    OPT_RESIDUAL,
    OPT_RESIDUAL_ON,
    OPT_LOSS,
    OPT_WEIGHTS,
    OPT_CONDITION,
    OPT_SCORE,
    OPT_SCORE_WEIGHT,
    OPT_DEGREE,
    OPT_STEPS,
    OPT_TOLERANCE,
    OPT_CALIBRATION_SHARE,
    OPT_FOLDS,
    OPT_CONTAMINATION,
    OPT_FPR_BUDGET,
    OPT_LEAVE_OUT,
    OPT_NORMAL,
    OPT_KEEP,
    OPT_PATIENCE,
    OPT_RESUME,
    OPT_DATE,
    OPT_ALL_ROWS,
    OPT_SKIP_BAD,
    OPT_QUIET,
    N_OPTS,
};

static const struct option long_options[N_OPTS + 1] = {
    [OPT_MODEL] = {"model", required_argument, NULL, 0},
    [OPT_DATA] = {"data", required_argument, NULL, 0},
    [OPT_PROTOCOL] = {"protocol", required_argument, NULL, 0},
    [OPT_SCALER] = {"scaler", required_argument, NULL, 0},
    [OPT_EPOCHS] = {"epochs", required_argument, NULL, 0},
    [OPT_SEED] = {"seed", required_argument, NULL, 0},
    [OPT_OUT] = {"out", required_argument, NULL, 0},
    [OPT_NAME] = {"name", required_argument, NULL, 0},
    [OPT_LR] = {"lr", required_argument, NULL, 0},
    [OPT_BATCH] = {"batch", required_argument, NULL, 0},
    [OPT_EMA] = {"ema", required_argument, NULL, 0},
    [OPT_RESIDUAL] = {"residual", required_argument, NULL, 0},
    [OPT_RESIDUAL_ON] = {"residual-on", required_argument, NULL, 0},
    [OPT_LOSS] = {"loss", required_argument, NULL, 0},
    [OPT_WEIGHTS] = {"weights", required_argument, NULL, 0},
    [OPT_CONDITION] = {"condition", required_argument, NULL, 0},
    [OPT_SCORE] = {"score", required_argument, NULL, 0},
    [OPT_SCORE_WEIGHT] = {"score-weight", required_argument, NULL, 0},
    [OPT_DEGREE] = {"degree", required_argument, NULL, 0},
    [OPT_STEPS] = {"steps", required_argument, NULL, 0},
    [OPT_TOLERANCE] = {"tolerance", required_argument, NULL, 0},
    [OPT_CALIBRATION_SHARE] = {"calibration-share", required_argument, NULL, 0},
    [OPT_FOLDS] = {"folds", required_argument, NULL, 0},
    [OPT_CONTAMINATION] = {"contamination", required_argument, NULL, 0},
    [OPT_FPR_BUDGET] = {"fpr-budget", required_argument, NULL, 0},
    [OPT_LEAVE_OUT] = {"leave-out", required_argument, NULL, 0},
    [OPT_NORMAL] = {"normal", required_argument, NULL, 0},
    [OPT_PATIENCE] = {"patience", required_argument, NULL, 0},
    [OPT_KEEP] = {"keep", required_argument, NULL, 0},
    [OPT_RESUME] = {"resume", required_argument, NULL, 0},
    [OPT_DATE] = {"date", required_argument, NULL, 0},
    [OPT_ALL_ROWS] = {"all-rows", no_argument, NULL, 0},
    [OPT_SKIP_BAD] = {"skip-bad", no_argument, NULL, 0},
    [OPT_QUIET] = {"quiet", no_argument, NULL, 0},
};

/* Options as text: defaults depend on model and protocol, which can come last. */
struct given {
    const char *text[N_OPTS]; /* "" for an option without a value */
};

enum { OPTION_NAME = 32 };

/* "--epochs". Returns @name. */
static const char *option_name(enum opt opt, char name[static OPTION_NAME])
{
    (void)snprintf(name, OPTION_NAME, "--%s", long_options[opt].name);
    return name;
}

/* "2026-01-03T07:11:00Z/2026-01-03T07:12:00Z" */
static int add_left_out(struct fit_options *o, const char *text, struct gad_diag *d)
{
    struct time_range r;
    size_t len = strcspn(text, "/");

    if (o->n_left_out == FIT_LEFT_OUT_MAX)
        return gad_fail(d, GAD_ELIMIT, "--leave-out: more than %d times", FIT_LEFT_OUT_MAX);
    if (text[len] != '/' || gad_time_parse(text, len, &r.from) != 0 ||
        gad_time_parse(text + len + 1, strlen(text + len + 1), &r.to) != 0)
        return gad_fail(d, GAD_EINVAL,
                        "--leave-out: '%s' is not two times like "
                        "2026-01-03T07:11:00Z/2026-01-03T07:12:00Z",
                        text);
    if (r.to.ns < r.from.ns)
        return gad_fail(d, GAD_EINVAL, "--leave-out: '%s' ends before it begins", text);
    o->left_out[o->n_left_out++] = r;
    return 0;
}

/* The option of the letter @c, else the long one at @at. */
static int place_of(int c, int at)
{
    return c == 'o' ? OPT_OUT : c == 'q' ? OPT_QUIET : at;
}

static int collect(const struct cli_command *self, int argc, char **argv, struct given *g,
                   struct fit_options *o)
{
    struct cli_list *data = &o->data;
    struct gad_diag d = {0};
    int at = 0;

    /* "-": getopt() returns a bare argument as option 1, in its place among the others. */
    for (int c; (c = option_next(argc, argv, "-o:q", long_options, &at)) != -1;) {
        const char *value = optarg ? optarg : "";
        if (c == '?')
            return cli_try_help(self); /* getopt() printed why */
        if (c == 1 || (c == 0 && at == OPT_DATA)) {
            if (cli_list_add(data, value) != 0)
                return cli_failed(GAD_ENOMEM, NULL);
            continue;
        }
        if (c == 0 && at == OPT_NORMAL && cli_list_add(&o->normal, value) != 0)
            return cli_failed(GAD_ENOMEM, NULL);
        if (c == 0 && at == OPT_LEAVE_OUT && add_left_out(o, value, &d) != 0)
            return cli_usage(self, "%s", d.text);
        g->text[place_of(c, at)] = value;
    }
    for (int i = optind; i < argc; i++)
        if (cli_list_add(data, argv[i]) != 0)
            return cli_failed(GAD_ENOMEM, NULL);
    return CLI_OK;
}

/* [a-z0-9._-], 1 .. 63 characters: proto/checkpoint.proto */
static bool is_name(const char *s)
{
    size_t len = strlen(s);
    return len >= 1 && len <= 63 && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

/* Sets *ret if the option was given. */
static int take_choice(const struct given *g, enum opt opt, const char *const *names, size_t n,
                       size_t *ret, struct gad_diag *d)
{
    char name[OPTION_NAME];

    return g->text[opt] ? cli_choice(option_name(opt, name), g->text[opt], names, n, ret, d) : 0;
}

static int choose_model(const char *text, struct fit_options *o, struct gad_diag *d)
{
    const char *names[16];
    size_t n = 0, at;

    for (; n < 16 && gad_trainer_at(n); n++)
        names[n] = gad_trainer_at(n)->name;
    int err = cli_choice("--model", text, names, n, &at, d);
    if (err == 0)
        o->model = gad_trainer_at(at);
    return err;
}

static bool has_joint(const struct fit_options *o)
{
    const struct gad_model_ops *ops = gad_model_find(o->model->name);
    return ops && ops->joint;
}

/*
 * Epochs and scaler; all other defaults are those of the trainer for the protocol.
 *
 * survey: as published. EGBAD and AnoGAN: 50 epochs on unscaled features, the setting that
 * reproduces the published figures. For GANomaly no scaling is published, and unscaled it fails
 * with some seeds (F1 .47 to .95; min-max .84 to .90).
 *
 * normal: chosen with the settings of the trainers on the training half of the KDD99 10 % set
 * alone, with a fifth of its normal rows and its attacks held out, over several seeds. The deciding
 * attack is smurf, 71 % of the attacks: with some seeds and epochs it lies just below the 1 %
 * threshold.
 */
static void set_defaults(struct fit_options *o)
{
    bool survey = o->protocol->trains_on_attacks,
         ganomaly = strcmp(o->model->name, "ganomaly") == 0;

    o->model->defaults(o->protocol->name, &o->train);
    o->train.seed = 1;
    o->is_joint = !survey && has_joint(o);
    o->scaler = survey && !ganomaly ? GAD_SCALER_NONE
                : o->is_joint       ? GAD_SCALER_QUANTILE
                                    : GAD_SCALER_MINMAX;
    o->epochs = !survey ? FIT_EPOCHS_BY_ROWS : ganomaly ? 5 : 50;
    o->folds = FOLDS_AUTO;
    o->budget = EVAL_PROTOCOL_BUDGET;
    o->calibration_share = o->protocol->calibration_share;
    o->name = o->model->name;
    o->date = "";
}

/* "1,50,1" */
static int parse_weights(const char *text, struct gad_train_options *t, struct gad_diag *d)
{
    double *const weight[3] = {&t->w_adversarial, &t->w_contextual, &t->w_encoder};
    const char *s = text;

    for (int i = 0; i < 3; i++) {
        size_t len = strcspn(s, ",");
        if (gad_text_real(s, len, weight[i]) != 0 || *weight[i] < 0.0 || (s[len] == ',') != (i < 2))
            return gad_fail(d, GAD_EINVAL,
                            "--weights: '%s' is not three numbers like 1,50,1 (adversarial, "
                            "contextual, encoder)",
                            text);
        s += len + (i < 2);
    }
    return 0;
}

static int apply_whole(const struct given *g, struct fit_options *o, struct gad_diag *d)
{
    uint64_t patience = 0, epochs = o->epochs, batch = o->train.batch,
             degree = o->train.score_degree, steps = o->train.search_steps, folds = o->folds;
    const struct {
        enum opt opt;
        uint64_t min, max, *value;
    } whole[] = {
        {OPT_EPOCHS, 0, 100000, &epochs},
        {OPT_SEED, 0, INT64_MAX, &o->train.seed},
        {OPT_BATCH, 1, 65536, &batch},
        {OPT_DEGREE, 1, 2, &degree},
        {OPT_STEPS, 1, GAD_CKPT_SEARCH_STEPS_MAX, &steps},
        {OPT_PATIENCE, 1, 100000, &patience},
        {OPT_FOLDS, 0, FOLDS_MAX, &folds},
    };
    char name[OPTION_NAME];
    int err = 0;

    for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]) && err == 0; i++)
        if (g->text[whole[i].opt])
            err = cli_u64(option_name(whole[i].opt, name), g->text[whole[i].opt], whole[i].min,
                          whole[i].max, whole[i].value, d);
    o->patience = (uint32_t)patience;
    o->folds = (unsigned)folds;
    o->epochs = (uint32_t)epochs;
    o->train.batch = (size_t)batch;
    o->train.score_degree = (unsigned)degree;
    o->train.search_steps = (uint32_t)steps;
    return err;
}

static int apply_real(const struct given *g, struct fit_options *o, struct gad_diag *d)
{
    const struct {
        enum opt opt;
        double min, max, *value;
    } real[] = {
        {OPT_LR, 1e-12, 1.0, &o->train.learning_rate},
        {OPT_EMA, 0.0, 0.9999999, &o->train.ema},
        {OPT_RESIDUAL, 0.0, 1e6, &o->train.residual},
        {OPT_SCORE_WEIGHT, 0.0, 1.0, &o->train.score_weight},
        {OPT_TOLERANCE, 0.0, 0.999, &o->train.search_tolerance},
        {OPT_CALIBRATION_SHARE, 0.0, 0.9, &o->calibration_share},
        {OPT_CONTAMINATION, 0.0, 0.2, &o->contamination},
        {OPT_FPR_BUDGET, 1e-9, 0.5, &o->budget},
    };
    char name[OPTION_NAME];
    int err = 0;

    for (size_t i = 0; i < sizeof(real) / sizeof(real[0]) && err == 0; i++)
        if (g->text[real[i].opt])
            err = cli_real(option_name(real[i].opt, name), g->text[real[i].opt], real[i].min,
                           real[i].max, real[i].value, d);
    if (err == 0 && g->text[OPT_WEIGHTS])
        err = parse_weights(g->text[OPT_WEIGHTS], &o->train, d);
    return err;
}

static int apply_words(const struct given *g, struct fit_options *o, struct gad_diag *d)
{
    size_t scaler = (size_t)o->scaler, residual_on = o->train.residual_e_only,
           loss = (size_t)o->train.adversarial, keep = (size_t)o->keep;
    const char *scalers[GAD_N_SCALERS];
    int err;

    for (int i = 0; i < GAD_N_SCALERS; i++)
        scalers[i] = gad_scaler_kind_name((enum gad_scaler_kind)i);
    if ((err = take_choice(g, OPT_SCALER, scalers, GAD_N_SCALERS, &scaler, d)) != 0 ||
        (err = take_choice(g, OPT_RESIDUAL_ON, fit_residual_on_names, 2, &residual_on, d)) != 0 ||
        (err = take_choice(g, OPT_LOSS, fit_loss_names, 2, &loss, d)) != 0 ||
        (err = take_choice(g, OPT_KEEP, fit_keep_names, FIT_N_KEEPS, &keep, d)) != 0)
        return err;
    o->scaler = (enum gad_scaler_kind)scaler;
    o->train.residual_e_only = residual_on == 1;
    o->train.adversarial = (enum gad_adversarial_loss)loss;
    o->keep = (enum fit_keep)keep;
    if (!g->text[OPT_NAME])
        return 0;
    if (!is_name(g->text[OPT_NAME]))
        return gad_fail(d, GAD_EINVAL, "--name: '%s' is not 1 to 63 of a-z 0-9 . _ -",
                        g->text[OPT_NAME]);
    o->name = g->text[OPT_NAME];
    return 0;
}

/* Refuses options that this model or this score does not have. The command in a checkpoint contains
 * the usual weight and degree even if the score does not use them. */
static int refuse_unused(const struct given *g, const struct fit_options *o, struct gad_diag *d)
{
    for (int i = 0; i < N_OPTS; i++)
        for (int s = 0; s < N_SETTINGS; s++)
            if (g->text[i] && strcmp(long_options[i].name, setting_name((enum setting)s)) == 0 &&
                !setting_is_used(o, (enum setting)s, d) && !setting_is_usual(o, (enum setting)s))
                return GAD_EINVAL;
    return 0;
}

/* Folds take the place of held-out rows, so options that need some switch them off. */
static int check_folds(const struct given *g, struct fit_options *o, struct gad_diag *d)
{
    bool asked = g->text[OPT_FOLDS] && o->folds > 0, fit = folds_fit(o, d);

    if (asked && !fit)
        return GAD_EINVAL;
    if (asked && g->text[OPT_CALIBRATION_SHARE])
        return gad_fail(d, GAD_EINVAL, "--calibration-share: with --folds no rows are held out");
    if (o->folds == 1)
        return gad_fail(d, GAD_EINVAL, "--folds: 1 is neither 0 nor 2 to %d", FOLDS_MAX);
    if (!fit || g->text[OPT_CALIBRATION_SHARE])
        o->folds = 0;
    return 0;
}

/* Combinations of options. */
static int check(const struct given *g, const struct fit_options *o, struct gad_diag *d)
{
    if (o->patience > 0 && o->keep == FIT_KEEP_LAST)
        return gad_fail(d, GAD_EINVAL, "--patience waits for a better epoch: it needs --keep best");
    if (o->keep == FIT_KEEP_TEST_LABELS && (!o->protocol->trains_on_attacks || o->all_rows))
        return gad_fail(d, GAD_EINVAL,
                        "--keep test-labels uses the labels of the test rows: only with --protocol "
                        "survey, whose published figures were chosen this way");
    if (o->contamination > 0.0 && o->protocol->trains_on_attacks)
        return gad_fail(d, GAD_EINVAL, "--contamination: protocol survey trains on attacks");
    if (o->protocol->by_time && (o->all_rows || g->text[OPT_CALIBRATION_SHARE]))
        return gad_fail(d, GAD_EINVAL, "%s: protocol baseline selects its rows by time",
                        o->all_rows ? "--all-rows" : "--calibration-share");
    if (!o->protocol->by_time && (g->text[OPT_FPR_BUDGET] || o->n_left_out > 0))
        return gad_fail(d, GAD_EINVAL, "%s: only with protocol baseline, on records with times",
                        o->n_left_out > 0 ? "--leave-out" : "--fpr-budget");
    if (o->all_rows && !(o->calibration_share > 0.0))
        return gad_fail(d, GAD_EINVAL,
                        "--all-rows leaves nothing to calibrate with unless --calibration-share "
                        "is above 0");
    return 0;
}

static int apply(const struct given *g, struct fit_options *o, struct gad_diag *d)
{
    o->chose = !g->text[OPT_PROTOCOL] && !g->text[OPT_ALL_ROWS];
    bool own = o->chose && by_time_fits(&o->data);
    const char *protocol = own ? "baseline" : "normal";
    int err = eval_protocol_parse(g->text[OPT_PROTOCOL] ? g->text[OPT_PROTOCOL] : protocol,
                                  &o->protocol, d);
    if (err == 0)
        err = choose_model(g->text[OPT_MODEL]               ? g->text[OPT_MODEL]
                           : o->protocol->trains_on_attacks ? "egbad"
                                                            : "ganomaly",
                           o, d);
    if (err != 0)
        return err;

    set_defaults(o);
    o->condition = g->text[OPT_CONDITION];
    if ((err = apply_whole(g, o, d)) != 0 || (err = apply_real(g, o, d)) != 0 ||
        (err = apply_words(g, o, d)) != 0)
        return err;
    if (g->text[OPT_SCORE])
        o->is_joint = strcmp(g->text[OPT_SCORE], "joint") == 0;
    if (g->text[OPT_SCORE] && !o->is_joint)
        o->train.score = g->text[OPT_SCORE];
    if (o->is_joint && !has_joint(o))
        return gad_fail(d, GAD_EINVAL, "--score: model '%s' has no score 'joint'", o->model->name);
    err = refuse_unused(g, o, d);
    if (err != 0)
        return err;
    if (g->text[OPT_DATE])
        o->date = g->text[OPT_DATE];
    o->out = g->text[OPT_OUT];
    o->resume = g->text[OPT_RESUME];
    o->all_rows = g->text[OPT_ALL_ROWS] != NULL;
    o->skip_bad = g->text[OPT_SKIP_BAD] != NULL;
    o->quiet = g->text[OPT_QUIET] != NULL;
    err = check(g, o, d);
    return err != 0 ? err : check_folds(g, o, d);
}

int fit_options_parse(const struct cli_command *self, int argc, char **argv, struct fit_options *o)
{
    struct given g = {0};
    struct gad_diag d = {0};

    *o = (struct fit_options){0};
    int code = collect(self, argc, argv, &g, o);
    if (code != CLI_OK)
        return code;
    if (apply(&g, o, &d) != 0)
        return cli_usage(self, "%s", d.text);
    if (o->data.n == 0)
        return cli_usage(self, "name the records to train on with --data");
    if (!o->out || !o->out[0])
        return cli_usage(self, "name the checkpoint to write with --out");
    return CLI_OK;
}

/* About 1.4 million rows in all, as 15 epochs of 93,000 rows: 15 seconds on one core. */
void fit_options_epochs(struct fit_options *o, size_t n_train)
{
    enum { ROWS_SEEN = 1400000, LEAST = 5, MOST = 100, USUAL = 15 };
    size_t n = ROWS_SEEN / (n_train ? n_train : 1);

    if (o->epochs == FIT_EPOCHS_BY_ROWS && !o->protocol->by_time && o->folds == 0)
        o->epochs = USUAL;
    if (o->epochs == FIT_EPOCHS_BY_ROWS)
        o->epochs = (uint32_t)(n < LEAST ? LEAST : n > MOST ? MOST : n);
}

void fit_options_deinit(struct fit_options *o)
{
    cli_list_deinit(&o->normal);
    cli_list_deinit(&o->data);
}
