/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"
#include "lib/checkpoint/checkpoint.h"
#include "lib/dataset/table.h"
#include "models/calibrate.h"
#include "models/detector.h"
#include "models/interval.h"
#include "tools/common/option.h"
#include "tools/common/show.h"
#include "tools/ganad-train/cli.h"
#include "tools/ganad-train/data.h"
#include "tools/ganad-train/feedback_rows.h"
#include "tools/ganad-train/labels.h"
#include "tools/ganad-train/tail.h"

/* Fewer rows cannot even give the threshold of a budget of 1 %. */
enum { ROWS_MIN = 100 };

struct calibrate {
    const char *checkpoint, *out, *feedback;
    struct cli_list data, normal;
    double contamination;
    bool skip_bad;
};

static void calibrate_deinit(struct calibrate *o)
{
    cli_list_deinit(&o->normal);
    cli_list_deinit(&o->data);
}

static int add_argument(struct calibrate *o, const char *arg)
{
    if (o->checkpoint)
        return cli_list_add(&o->data, arg);
    o->checkpoint = arg;
    return 0;
}

static int parse(const struct cli_command *self, int argc, char **argv, struct calibrate *o)
{
    static const struct option options[] = {{"data", required_argument, NULL, 'd'},
                                            {"out", required_argument, NULL, 'o'},
                                            {"contamination", required_argument, NULL, 'c'},
                                            {"feedback", required_argument, NULL, 'f'},
                                            {"normal", required_argument, NULL, 'l'},
                                            {"skip-bad", no_argument, NULL, 's'},
                                            {0}};
    struct gad_diag d = {0};
    int err = 0;

    for (int c; err == 0 && (c = option_next(argc, argv, "-o:", options, NULL)) != -1;) {
        if (c == '?')
            return cli_try_help(self); /* getopt said why */
        if (c == 1)
            err = add_argument(o, optarg);
        else if (c == 'd')
            err = cli_list_add(&o->data, optarg);
        else if (c == 'l')
            err = cli_list_add(&o->normal, optarg);
        else if (c == 'f')
            o->feedback = optarg;
        else if (c == 'o')
            o->out = optarg;
        else if (c == 'c')
            err = cli_real("--contamination", optarg, 0.0, 0.5, &o->contamination, &d);
        else
            o->skip_bad = true;
    }
    for (int i = optind; err == 0 && i < argc; i++)
        err = add_argument(o, argv[i]);
    if (err != 0)
        return cli_usage(self, "%s", d.text[0] ? d.text : gad_strerror(err));
    if (!o->checkpoint)
        return cli_usage(self, "give a checkpoint first, then records with --data");
    if (o->data.n == 0)
        return cli_usage(self, "give records of normal traffic with --data");
    if (!o->out || !o->out[0])
        return cli_usage(self, "name the new checkpoint with --out");
    return CLI_OK;
}

/* Chooses the calibration rows: the normal ones, or all if there are no labels; without those that
 * an operator called an attack. */
static int choose(const struct gad_table *t, uint32_t **ret, size_t *ret_n)
{
    size_t n = gad_table_n_rows(t), kept = 0;
    bool labelled = gad_table_is_labelled(t);
    uint32_t *row = gad_calloc(n, sizeof(*row));

    if (!row)
        return GAD_ENOMEM;
    for (size_t i = 0; i < n; i++)
        if ((!labelled || gad_table_is_normal(t, i)) && gad_table_mark(t, i) != FEEDBACK_ROWS_DROP)
            row[kept++] = (uint32_t)i;
    *ret = row;
    *ret_n = kept;
    return 0;
}

static int score_rows(const struct calibrate *o, const struct gad_detector *det,
                      const struct gad_table *t, struct gad_calibration **ret,
                      struct data_reference *ret_reference, struct gad_checkpoint *c,
                      struct gad_diag *d)
{
    gad_cleanup(gad_freep) uint32_t *row = NULL;
    size_t n = 0;

    int err = choose(t, &row, &n);
    if (err != 0)
        return err;
    gad_cleanup(gad_freep) float *score = gad_calloc(n ? n : 1, sizeof(*score));
    if (!score)
        return GAD_ENOMEM;
    err = data_score(det, t, n, row, score);
    if (err != 0)
        return err;
    double left = (1.0 - o->contamination) * (double)n;
    if (left < ROWS_MIN)
        return gad_fail(d, GAD_EINVAL,
                        "%.0f normal rows are too few to calibrate, the minimum is %d", left,
                        ROWS_MIN);
    err = gad_calibration_new(n, score, o->contamination, ret, d);
    return err != 0 ? err : data_reference(gad_detector_schema(det), t, n, row, ret_reference, c);
}

/* Deletes the metrics that depend on the old thresholds; those of the networks stay. */
static void keep_metrics(struct gad_checkpoint *c)
{
    static const char *const stale[] = {"threshold",
                                        "precision",
                                        "recall",
                                        "f1",
                                        "fpr",
                                        "held_out_false_alarms",
                                        "held_out_predicted_low",
                                        "held_out_predicted_high",
                                        "held_out_fpr",
                                        "held_out_fpr_low",
                                        "held_out_fpr_high",
                                        "feedback_true",
                                        "feedback_false",
                                        "feedback_rows_left_out",
                                        "feedback_rows_kept",
                                        "alerts_per_hour",
                                        "alerts_per_day"};
    size_t kept = 0;

    for (size_t i = 0; i < c->provenance.n_metrics; i++) {
        bool drop = false;
        for (size_t k = 0; k < sizeof(stale) / sizeof(stale[0]); k++)
            drop |= strcmp(c->provenance.metrics[i].name, stale[k]) == 0;
        if (!drop)
            c->provenance.metrics[kept++] = c->provenance.metrics[i];
    }
    c->provenance.n_metrics = kept;
}

/* Appends the figures of the verdicts to a copy of the metrics, which the caller frees. */
static int add_feedback(const struct feedback_rows *f, struct gad_checkpoint *c,
                        struct gad_ckpt_metric **ret)
{
    struct feedback_metric m[FEEDBACK_ROWS_METRICS];
    size_t more = feedback_rows_metrics(f, m), n = c->provenance.n_metrics;

    if (more == 0 || n + more > GAD_CKPT_LIST_MAX)
        return 0;
    *ret = gad_calloc(n + more, sizeof(**ret));
    if (!*ret)
        return GAD_ENOMEM;
    for (size_t i = 0; i < n; i++)
        (*ret)[i] = c->provenance.metrics[i];
    for (size_t i = 0; i < more; i++)
        (*ret)[n + i] = (struct gad_ckpt_metric){.name = m[i].name, .value = m[i].value};
    c->provenance.metrics = *ret;
    c->provenance.n_metrics = n + more;
    return 0;
}

/* "ganad-train fit ... ; ganad-train calibrate --contamination 0.01 FILE SHA256 ..." */
static int note_command(const struct calibrate *o, const struct gad_table *t, const char *old,
                        struct gad_buf *b, struct gad_diag *d)
{
    gad_buf_printf(b, "%s ; ganad-train calibrate --contamination %.9g", old, o->contamination);
    labels_command(t, &o->normal, b);
    if (o->skip_bad)
        gad_buf_printf(b, " --skip-bad");
    if (o->feedback)
        gad_buf_printf(b, " --feedback");
    for (size_t i = 0; i < gad_table_n_sources(t); i++) {
        char name[256];
        const struct gad_table_source *s = gad_table_source(t, i);
        gad_text_escape(name, sizeof(name), s->name, strlen(s->name));
        gad_buf_printf(b, " %s (sha256 %s)", name, s->sha256);
    }
    gad_buf_add(b, "", 1);
    return b->bad ? gad_fail(d, GAD_ELIMIT,
                             "the names of the data files do not fit a checkpoint (%d bytes)",
                             GAD_CKPT_STRING_MAX)
                  : 0;
}

static int report(const char *path, const struct gad_ckpt_tail *tail, struct gad_diag *d)
{
    static const double budgets[] = {0.01, 0.001, 0.0001};
    gad_cleanup(gad_detector_freep) struct gad_detector *det = NULL;
    char n[SHOW_TEXT];

    int err = gad_detector_open(path, &det, d);
    if (err != 0)
        return err;
    (void)printf("%s: %s, calibrated on %s rows\n", path, gad_detector_name(det),
                 show_count(gad_detector_n_calibration(det), n));
    for (size_t i = 0; i < sizeof(budgets) / sizeof(budgets[0]); i++) {
        struct gad_interval r = gad_detector_fpr_interval(det, budgets[i]);
        (void)printf("  %-8g threshold %-12.6g false alarms %.4g to %.4g (95 %%)%s\n", budgets[i],
                     (double)gad_detector_threshold(det, budgets[i]), r.low, r.high,
                     tail_note(det, budgets[i]));
    }
    (void)fputs("  tail     ", stdout);
    tail_text(tail, det, 11, stdout);
    return 0;
}

static int calibrate(const struct calibrate *o, struct gad_diag *d)
{
    gad_cleanup(gad_checkpoint_freep) struct gad_checkpoint *c = NULL;
    gad_cleanup(gad_detector_freep) struct gad_detector *det = NULL;
    gad_cleanup(gad_table_freep) struct gad_table *t = NULL;
    gad_cleanup(gad_calibration_freep) struct gad_calibration *cal = NULL;
    gad_cleanup(data_reference_deinit) struct data_reference reference = {0};
    gad_cleanup(feedback_rows_deinit) struct feedback_rows feedback = {0};
    gad_cleanup(gad_freep) struct gad_ckpt_metric *metrics = NULL;
    gad_cleanup(gad_buf_deinit) struct gad_buf command = GAD_BUF_INIT(GAD_CKPT_STRING_MAX);

    int err = gad_checkpoint_read(o->checkpoint, &c, d);
    if (err == 0)
        err = gad_detector_new(o->checkpoint, c, &det, d);
    if (err == 0 && strcmp(c->provenance.protocol, "survey") == 0)
        err = gad_fail(
            d, GAD_EINVAL,
            "%s was trained on attacks (protocol survey): normal records do not calibrate it",
            o->checkpoint);
    if (err == 0)
        err = feedback_rows_read(o->feedback, o->skip_bad, &feedback, d);
    if (err == 0)
        err = data_load(&(struct data_request){.files = &o->data,
                                               .normal = &o->normal,
                                               .skip_bad = o->skip_bad,
                                               .quiet = true,
                                               .feedback = &feedback},
                        &t, d);
    if (err == 0)
        err = labels_need_normal(t, d);
    if (err == 0)
        err = score_rows(o, det, t, &cal, &reference, c, d);
    if (err == 0)
        err = note_command(o, t, c->provenance.command, &command, d);
    if (err != 0)
        return err;
    keep_metrics(c);
    if ((err = add_feedback(&feedback, c, &metrics)) != 0)
        return err;
    feedback_rows_print(&feedback, stdout);
    c->provenance.command = (const char *)command.p;
    gad_calibration_store(cal, c);
    err = gad_checkpoint_write(c, o->out, d);
    return err != 0 ? err : report(o->out, &cal->tail, d);
}

static int run(const struct cli_command *self, int argc, char **argv)
{
    gad_cleanup(calibrate_deinit) struct calibrate o = {0};
    struct gad_diag d = {0};

    int code = parse(self, argc, argv, &o);
    if (code != CLI_OK)
        return code;
    int err = calibrate(&o, &d);
    return err != 0 ? cli_failed(err, &d) : cli_flushed();
}

const struct cli_command command_calibrate = {
    .name = "calibrate",
    .summary = "fit the thresholds of a checkpoint to your own traffic",
    .help =
        "Usage: ganad-train calibrate CHECKPOINT --data FILE... --out FILE [OPTION...]\n\n"
        "Writes a copy of the checkpoint with thresholds, p-values and the reference of drift\n"
        "from your own records. The networks do not change. Of labelled records only the normal "
        "ones\n"
        "count; of records without labels all do.\n\n"
        "  --data FILE...        records, \"-\" is the standard input; may be repeated\n"
        "  -o, --out FILE        the new checkpoint; may be the old one, which is replaced\n"
        "                        atomically\n"
        "  --contamination X     share of the records that may be attacks, 0 to 0.5: the most\n"
        "                        anomalous ones are left out; default 0\n"
        "  --feedback FILE       verdicts of 'ganadctl feedback': rows of attacks do not count\n"
        "  --normal NAME         the label of normal records, in place of 'normal' and 'benign';\n"
        "                        may be repeated\n"
        "  --skip-bad            skip and count bad lines instead of stopping at the first\n\n"
        "A budget of F needs at least 1/F records, and about 10/F for a rate that is known within\n"
        "a third. The command prints what the records support.\n",
    .run = run,
};
