/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/checkpoint/checkpoint.h"
#include "lib/dataset/table.h"
#include "lib/dataset/thin.h"
#include "lib/feature/schema.h"
#include "models/detector.h"
#include "models/model.h"
#include "models/trainer.h"
#include "tools/common/show.h"
#include "tools/ganad-train/by_time.h"
#include "tools/ganad-train/data.h"
#include "tools/ganad-train/eval/evaluate.h"
#include "tools/ganad-train/fit/assembly.h"
#include "tools/ganad-train/fit/baseline.h"
#include "tools/ganad-train/fit/folds.h"
#include "tools/ganad-train/fit/folds_run.h"
#include "tools/ganad-train/fit/joint.h"
#include "tools/ganad-train/fit/options.h"
#include "tools/ganad-train/fit/screen.h"
#include "tools/ganad-train/fit/shortfalls.h"
#include "tools/ganad-train/fit/train.h"
#include "tools/ganad-train/interrupt.h"
#include "tools/ganad-train/labels.h"
#include "tools/ganad-train/rows.h"

/* Of the metrics in the checkpoint. */
#define DEFAULT_FPR 0.01

/* Rows that calibrate, and rows that test, for a model whose every score is a search. */
enum { SEARCH_ROWS = 5000 };

/* Everything of one run, freed together. */
struct fit {
    struct fit_options o;
    struct gad_table *table;
    struct gad_split split;
    struct rows rows; /* test: only for --keep test-labels */
    bool *positive;
    struct gad_trainer *trainer;
    struct training training;
    struct joint joint;
    struct assembly assembly;
    struct time_slices slices; /* protocol baseline only, as is the next */
    struct baseline baseline;
    struct folds folds;
    float *calibration; /* scores of the calibration rows; NULL with folds, which have them */
};

static void fit_deinit(struct fit *f)
{
    folds_deinit(&f->folds);
    assembly_deinit(&f->assembly);
    joint_deinit(&f->joint);
    training_deinit(&f->training);
    gad_trainer_free(f->trainer);
    gad_free(f->calibration);
    gad_free(f->positive);
    rows_deinit(&f->rows);
    gad_split_deinit(&f->split);
    gad_table_free(f->table);
    fit_options_deinit(&f->o);
}

/* Finds the elements of the column that --condition names. */
static int find_condition(struct fit *f, struct gad_diag *d)
{
    const char *names[GAD_N_COLUMNS];
    size_t n = gad_schema_n_groups(f->rows.schema), at;
    struct gad_condition *y = &f->o.train.condition;

    for (size_t g = 0; g < n; g++)
        names[g] = gad_columns[gad_schema_group_column(f->rows.schema, g, &y->first, &y->n)].name;
    int err = cli_choice("--condition", f->o.condition, names, n, &at, d);
    if (err == 0)
        (void)gad_schema_group_column(f->rows.schema, at, &y->first, &y->n);
    return err;
}

/* Checks the options before the data are read. */
static int set_up(struct fit *f, struct gad_diag *d)
{
    int err = rows_init(&f->rows);
    if (err != 0)
        return err;
    if (f->o.condition && (err = find_condition(f, d)) != 0)
        return err;
    return gad_trainer_new(f->o.model, &f->o.train, gad_schema_dim(f->rows.schema), &f->trainer, d);
}

/* Reports why this protocol and model were chosen, and the alternative. */
static void say_choice(const struct fit_options *o, const struct gad_table *t)
{
    if (o->protocol->by_time)
        cli_say("chosen for records with times and no labels: protocol baseline, which holds the "
                "last day out; --protocol normal would hold out a random half");
    else if (gad_table_n_timed(t) == 0)
        cli_say("chosen for records without times: protocol normal, model %s, and a random half "
                "for testing. With times, as 'ganadctl extract --with-connection --head' and "
                "ganadd with 'connection = yes' write them, protocol baseline trains on the first "
                "days and shows the false alarms of a budget on the last",
                o->model->name);
    else if (gad_table_is_labelled(t))
        cli_say("chosen for records with labels: protocol normal, model %s, and a random half "
                "for testing. --protocol baseline would split by time, leave attacks out and show "
                "the false alarms of a budget on the last day",
                o->model->name);
    else
        cli_say(
            "chosen: protocol normal, model %s, because the first file has no times or cannot be "
            "read twice. --protocol baseline would split by time",
            o->model->name);
}

static void announce(const struct fit *f)
{
    char n[SHOW_TEXT], held_out[SHOW_TEXT], test[SHOW_TEXT];
    const struct fit_options *o = &f->o;

    if (o->quiet)
        return;
    if (o->chose)
        say_choice(o, f->table);
    (void)fprintf(stderr, "%s, protocol %s, scaler %s, seed %llu\n", o->model->name,
                  o->protocol->name, gad_scaler_kind_name(o->scaler),
                  (unsigned long long)o->train.seed);
    const char *calibrating = o->protocol->by_time         ? "of later days calibrate"
                              : o->calibration_share > 0.0 ? "are held out to calibrate"
                                                           : "of the other half calibrate";
    const char *tests = !o->protocol->by_time ? "other half"
                        : f->slices.by_day    ? "last day"
                                              : "last fifth";
    if (f->folds.k > 0)
        (void)fprintf(stderr,
                      "%s normal rows train, and calibrate in %zu folds, each scored by a model "
                      "that trained on the others; %s rows of the %s test%s\n",
                      show_count(f->split.n_train, n), f->folds.k,
                      show_count(f->split.n_test, test), tests,
                      o->protocol->by_time ? ", by a model that did not see them" : "");
    else
        (void)fprintf(stderr, "%s %s rows train, %s %s, %s rows of the %s test\n",
                      show_count(f->split.n_train, n),
                      o->protocol->trains_on_attacks ? "attack" : "normal",
                      show_count(f->split.n_calibration, held_out), calibrating,
                      show_count(f->split.n_test, test), tests);
    if (gad_table_is_labelled(f->table))
        (void)fprintf(stderr, "Labels: %s\n", o->protocol->labels);
    else
        (void)fputs("No labels: all rows count as normal connections\n", stderr);
}

/* Rows to scaled vectors. */
static int prepare(struct fit *f, struct gad_diag *d)
{
    int err = rows_read(&f->rows, f->table, &f->split, f->o.scaler, d);
    if (err != 0)
        return err;
    if (!f->o.quiet)
        shortfalls_warn(&f->rows, f->table, &f->split, f->o.protocol->by_time, f->folds.k > 0);
    rows_scale(&f->rows, &f->split);
    return assembly_input(&f->assembly, f->rows.schema, f->rows.scaler);
}

static int prepare_test(struct fit *f, struct gad_diag *d)
{
    const struct gad_split *c = &f->split;

    if (!gad_table_is_labelled(f->table))
        return gad_fail(d, GAD_EINVAL, "--keep test-labels: the rows have no labels");
    int err = rows_test(&f->rows, f->table, c->n_test, c->test, d);
    if (err == 0)
        err = rows_positive(f->table, c, &f->positive);
    if (err != 0)
        return err;
    if (!f->o.quiet)
        cli_say("warning: --keep test-labels chooses the epoch by the labels of the test rows");
    return 0;
}

static int train(struct fit *f, struct gad_diag *d)
{
    if (f->o.keep == FIT_KEEP_TEST_LABELS) {
        int err = prepare_test(f, d);
        if (err != 0)
            return err;
    }
    struct train_rows rows = {.n = f->split.n_train,
                              .n_held_out = f->folds.k ? f->split.n_train : f->split.n_calibration,
                              .ld = f->rows.ld,
                              .x = f->rows.x,
                              .held_out = f->folds.k ? f->rows.x : f->rows.held_out,
                              .n_test = f->split.n_test,
                              .test = f->rows.test,
                              .positive = f->positive,
                              .percentile = f->o.protocol->percentile};

    return train_run(&f->o, f->trainer, &rows, &f->assembly.c, &f->training, d);
}

static int find_burst(const struct fit *f, size_t n, const uint32_t *row, const float *score,
                      struct burst *ret)
{
    gad_cleanup(gad_freep) struct gad_time *time = gad_calloc(n ? n : 1, sizeof(*time));

    if (!time)
        return GAD_ENOMEM;
    for (size_t i = 0; i < n; i++)
        (void)gad_table_time(f->table, row[i], &time[i]); /* every row of the split has one */
    return burst_find(n, time, score, ret);
}

/* Looks for a burst of anomalies among the training rows, by the scores of the trained networks. */
static int find_training_burst(struct fit *f, struct scorer *s)
{
    size_t n = f->split.n_train;

    if (gad_model_find(f->o.model->name)->steps)
        return 0; /* each score is a search: they would take longer than the training */
    gad_cleanup(gad_freep) float *score = gad_calloc(n, sizeof(*score));

    if (!score)
        return GAD_ENOMEM;
    scorer_score(s, n, f->rows.x, score);
    return find_burst(f, n, f->split.train, score, &f->baseline.trained);
}

/* Calibrates with the out-of-fold scores, on the scale of the trained networks. */
static int calibrate_by_folds(struct fit *f, struct scorer *s, struct gad_diag *d)
{
    struct folds *k = &f->folds;
    gad_cleanup(gad_freep) float *whole = gad_calloc(k->n, sizeof(*whole));

    if (!whole)
        return GAD_ENOMEM;
    scorer_score(s, k->n, f->rows.x, whole);
    int err = folds_map(k, whole);
    if (err == 0 && f->o.protocol->by_time)
        err = find_burst(f, k->n, f->split.train, k->score, &f->baseline.trained);
    return err != 0 ? err : folds_calibration(k, k->k, &f->assembly, d);
}

static int calibrate(struct fit *f, struct gad_diag *d)
{
    gad_cleanup(scorer_freep) struct scorer *s = NULL;
    size_t n = f->split.n_calibration;

    f->calibration = gad_calloc(n ? n : 1, sizeof(*f->calibration));
    if (!f->calibration)
        return GAD_ENOMEM;
    int err = scorer_new(&f->assembly.c, &s, d);
    if (err != 0)
        return err;
    scorer_score(s, n, f->rows.held_out, f->calibration);
    err = data_reference(f->rows.schema, f->table, f->split.n_train, f->split.train,
                         &f->assembly.reference, &f->assembly.c);
    if (err != 0)
        return err;
    if (f->folds.k > 0)
        return calibrate_by_folds(f, s, d);
    if (f->o.protocol->by_time && ((err = find_training_burst(f, s)) != 0 ||
                                   (err = find_burst(f, n, f->split.calibration, f->calibration,
                                                     &f->baseline.calibrated)) != 0))
        return err;
    return assembly_calibration(&f->assembly, n, f->calibration, f->o.contamination, d);
}

/* The last day by the last fold's model, which did not see it, and its thresholds by the folds
 * before it. */
static int measure_last_fold(struct fit *f, size_t n, const uint32_t *row, struct gad_diag *d)
{
    gad_cleanup(gad_detector_freep) struct gad_detector *det = NULL;
    gad_cleanup(assembly_deinit) struct assembly before = {.c = f->assembly.c};
    const struct folds *k = &f->folds;
    const float *test = k->score + k->n - n;

    int err = folds_calibration(k, k->k - 1, &before, d);
    if (err == 0)
        err = gad_detector_new(f->o.out, &before.c, &det, d);
    if (err != 0)
        return err;
    baseline_measure(det, &f->slices, f->o.budget, 0.0, k->begin[k->k - 1], k->score, n, test,
                     &f->baseline);
    baseline_metrics(&f->baseline, &f->assembly);
    return find_burst(f, n, row, test, &f->baseline.held_out);
}

/* With labels: measures the kept networks on the half that did not train. */
static int measure(struct fit *f, const struct gad_detector *det, size_t n, const uint32_t *row,
                   const float *score, struct gad_diag *d)
{
    gad_cleanup(evaluation_deinit) struct evaluation e = {0};
    struct assembly *a = &f->assembly;

    assembly_metric(a, "held_out_residual", f->folds.k ? f->folds.residual : f->training.held_out);
    if (f->o.protocol->by_time && f->folds.k > 0)
        return measure_last_fold(f, n, row, d);
    if (f->o.protocol->by_time) {
        baseline_measure(det, &f->slices, f->o.budget, f->o.contamination, f->split.n_calibration,
                         f->calibration, n, score, &f->baseline);
        baseline_metrics(&f->baseline, a);
        if (f->slices.share < 1.0)
            assembly_metric(a, "sampled_share", f->slices.share);
        return find_burst(f, n, row, score, &f->baseline.held_out);
    }
    if (!gad_table_is_labelled(f->table) || f->split.n_test == 0)
        return 0;
    int err =
        evaluate(f->table, n, row, score, f->split.positive_is_normal, f->o.protocol->percentile,
                 (double)gad_detector_threshold(det, DEFAULT_FPR), &e, d);
    if (err != 0)
        return err;
    assembly_metric(a, "test_rows", (double)e.n);
    assembly_metric(a, "test_positives", (double)e.positives);
    assembly_metric(a, "auroc", e.auroc);
    assembly_metric(a, "auprc", e.auprc);
    assembly_metric(a, "tpr_at_fpr_0.01", e.tpr_at_1_percent);
    assembly_metric(a, "tpr_at_fpr_0.001", e.tpr_at_0_1_percent);
    assembly_metric(a, "threshold", e.threshold);
    assembly_metric(a, "precision", gad_confusion_precision(&e.confusion));
    assembly_metric(a, "recall", gad_confusion_recall(&e.confusion));
    assembly_metric(a, "f1", gad_confusion_f1(&e.confusion));
    assembly_metric(a, "fpr", gad_confusion_fpr(&e.confusion));
    return 0;
}

static void print_metrics(const struct fit *f)
{
    if (f->o.protocol->by_time) {
        baseline_text(&f->baseline, stdout);
        return;
    }
    for (size_t i = 0; i < f->assembly.c.provenance.n_metrics; i++)
        (void)printf("  %-20s %.6g\n", f->assembly.metrics[i].name, f->assembly.metrics[i].value);
}

/* Metrics and self-test records: from the test rows, else from the training rows. */
static int examine(struct fit *f, struct gad_diag *d)
{
    bool test = f->split.n_test > 0;
    size_t n = test ? f->split.n_test : f->split.n_train;
    const uint32_t *row = test ? f->split.test : f->split.train;
    gad_cleanup(gad_detector_freep) struct gad_detector *det = NULL;
    gad_cleanup(gad_freep) float *score = gad_calloc(n, sizeof(*score));

    if (!score)
        return GAD_ENOMEM;
    /* The checkpoint has no self-test records yet, so the self-test cannot fail. */
    int err = gad_detector_new(f->o.out, &f->assembly.c, &det, d);
    if (err == 0)
        err = data_score(det, f->table, n, row, score);
    if (err == 0)
        err = measure(f, det, n, row, score, d);
    return err != 0 ? err : assembly_self_tests(&f->assembly, f->table, n, row, score);
}

/* Writes the checkpoint, reads it back and runs the self-test, as the daemon does. */
static int deliver(struct fit *f, struct gad_diag *d)
{
    gad_cleanup(gad_detector_freep) struct gad_detector *det = NULL;

    assembly_history(&f->assembly, &f->training);
    int err = gad_checkpoint_write(&f->assembly.c, f->o.out, d);
    if (err == 0)
        err = gad_detector_open(f->o.out, &det, d);
    if (err != 0)
        return err;

    if (f->o.resume && !f->training.interrupted)
        (void)unlink(f->o.resume);
    (void)printf("%s: %s, epoch %u of %u%s\n", f->o.out, gad_detector_name(det), f->training.epoch,
                 f->training.epochs, f->training.interrupted ? ", interrupted" : "");
    print_metrics(f);
    (void)printf("  %-20s %s\n", "sha256", gad_detector_sha256_hex(det));
    if (f->o.protocol->by_time)
        baseline_warn(&f->baseline);
    return 0;
}

/* Rows of one's own network that are enough: four times those that a budget needs to calibrate. */
static size_t sample_of(const struct fit_options *o)
{
    double enough = 4.0 * SHORTFALLS_ENOUGH / o->budget;

    if (!o->protocol->by_time)
        return 0;
    return (size_t)fmin(fmax(enough, GAD_THIN_LEAST), GAD_TABLE_ROWS_MAX);
}

/* Chooses the rows and, with protocol baseline, the epochs. */
static int choose(struct fit *f, struct gad_diag *d)
{
    const struct time_choice choice = {.budget = f->o.budget,
                                       .n_left_out = f->o.n_left_out,
                                       .left_out = f->o.left_out,
                                       .together = folds_rows_max(f->o.folds)};
    int err = labels_need_normal(f->table, d);

    if (err == 0)
        err = f->o.protocol->by_time
                  ? by_time_split(f->table, &choice, &f->split, &f->slices, d)
                  : eval_protocol_choose(f->o.protocol, f->table, f->o.calibration_share,
                                         f->o.all_rows, &f->split, d);
    if (f->o.protocol->by_time && !f->slices.together)
        f->o.folds = 0;
    if (err == 0)
        err = folds_choose(&f->folds, &f->o, &f->split, f->o.all_rows,
                           f->slices.together ? f->slices.train.n - f->slices.calibration.n : 0);
    if (err == 0)
        fit_options_epochs(&f->o, f->split.n_train);
    return err;
}

static int fit(struct fit *f, struct gad_diag *d)
{
    int err = cli_check_out(f->o.out, d);
    if (err == 0)
        err = data_load(&(struct data_request){.files = &f->o.data,
                                               .normal = &f->o.normal,
                                               .skip_bad = f->o.skip_bad,
                                               .sample = sample_of(&f->o),
                                               .quiet = f->o.quiet},
                        &f->table, d);
    if (err == 0)
        err = choose(f, d);
    if (err == 0)
        err = assembly_provenance(&f->assembly, &f->o, f->table, d);
    if (err == 0 && f->o.contamination > 0.0)
        err = screen(&f->o, f->table, &f->split, d);
    if (err != 0)
        return err;
    if (gad_model_find(f->o.model->name)->steps) {
        struct gad_split *s = &f->split;
        s->n_calibration = gad_split_thin(s->calibration, s->n_calibration, SEARCH_ROWS);
        s->n_test = gad_split_thin(s->test, s->n_test, SEARCH_ROWS);
    }
    announce(f);
    if (f->folds.k > 0 && (err = folds_run(&f->folds, &f->o, f->table, f->split.train, d)) != 0)
        return err == GAD_END ? 0 : err; /* interrupted: nothing is kept */
    if ((err = prepare(f, d)) != 0 || (err = train(f, d)) != 0 || !f->training.kept)
        return err;
    if (f->training.interrupted)
        cli_say("interrupted: keeping epoch %u of the %u that were finished", f->training.epoch,
                f->training.epochs);
    if (f->o.is_joint &&
        (err = joint_fit(&f->joint, &f->assembly.c, f->split.n_train, f->rows.x, d)) != 0)
        return err;
    if ((err = calibrate(f, d)) != 0 || (err = examine(f, d)) != 0)
        return err;
    return deliver(f, d);
}

static int run(const struct cli_command *self, int argc, char **argv)
{
    gad_cleanup(fit_deinit) struct fit f = {0};
    struct gad_diag d = {0};

    int code = fit_options_parse(self, argc, argv, &f.o);
    if (code != CLI_OK)
        return code;
    int err = set_up(&f, &d);
    if (err != 0)
        return cli_usage(self, "%s", d.text[0] ? d.text : gad_strerror(err));
    interrupt_watch();
    err = fit(&f, &d);
    if (err != 0)
        return cli_failed(err, &d);
    if (!f.training.kept) {
        cli_say("interrupted before the first epoch was finished: nothing written");
        return CLI_INTERRUPTED;
    }
    return cli_flushed();
}

const struct cli_command command_fit = {
    .name = "fit",
    .summary = "train a model and write a checkpoint",
    .help = fit_help,
    .help_more = fit_help_more,
    .run = run,
};
