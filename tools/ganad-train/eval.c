/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "lib/checkpoint/checkpoint.h"
#include "lib/dataset/table.h"
#include "models/detector.h"
#include "tools/ganad-train/cli.h"
#include "tools/ganad-train/data.h"
#include "tools/ganad-train/evaluate.h"
#include "tools/ganad-train/protocol.h"

struct eval {
    const char *checkpoint;
    struct cli_list data;
    const struct protocol *protocol; /* NULL: all rows test */
    double fpr;
    uint64_t rows; /* at most */
    bool json, skip_bad;
};

static void eval_deinit(struct eval *e)
{
    cli_list_deinit(&e->data);
}

static int set_protocol(const char *text, struct eval *e, struct gad_diag *d)
{
    return protocol_parse(text, &e->protocol, d);
}

static int add_argument(struct eval *e, const char *arg)
{
    if (!e->checkpoint) {
        e->checkpoint = arg;
        return 0;
    }
    return cli_list_add(&e->data, arg);
}

static int parse_one(int c, struct eval *e, struct gad_diag *d)
{
    switch (c) {
    case 1:
        return add_argument(e, optarg);
    case 'd':
        return cli_list_add(&e->data, optarg);
    case 'p':
        return set_protocol(optarg, e, d);
    case 'f':
        return cli_real("--fpr", optarg, 1e-9, 0.999, &e->fpr, d);
    case 'r':
        return cli_u64("--rows", optarg, 1, UINT32_MAX, &e->rows, d);
    case 'j':
        e->json = true;
        return 0;
    default:
        e->skip_bad = true;
        return 0;
    }
}

static int parse(const struct cli_command *self, int argc, char **argv, struct eval *e)
{
    static const struct option options[] = {{"data", required_argument, NULL, 'd'},
                                            {"protocol", required_argument, NULL, 'p'},
                                            {"fpr", required_argument, NULL, 'f'},
                                            {"rows", required_argument, NULL, 'r'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"skip-bad", no_argument, NULL, 's'},
                                            {0}};
    struct gad_diag d = {0};
    int err = 0;

    for (int c; err == 0 && (c = getopt_long(argc, argv, "-", options, NULL)) != -1;) {
        if (c == '?')
            return cli_try_help(self); /* getopt said why */
        err = parse_one(c, e, &d);
    }
    for (int i = optind; err == 0 && i < argc; i++)
        err = add_argument(e, argv[i]);
    if (err != 0)
        return cli_usage(self, "%s", d.text[0] ? d.text : gad_strerror(err));
    if (!e->checkpoint)
        return cli_usage(self, "give a checkpoint first");
    if (e->data.n == 0)
        return cli_usage(self, "give labelled records with --data");
    return CLI_OK;
}

/* Were these very files trained on? */
static bool knows(const struct gad_checkpoint *c, const struct gad_table *t)
{
    for (size_t i = 0; i < c->provenance.n_data; i++)
        for (size_t k = 0; k < gad_table_n_sources(t); k++)
            if (strcmp(c->provenance.data[i].sha256, gad_table_source(t, k)->sha256) == 0)
                return true;
    return false;
}

/* What a reader of the figures has to know. Up to three warnings, one a line. */
static void warn(const struct eval *e, const struct gad_checkpoint *c, const struct gad_table *t)
{
    const char *trained = c->provenance.protocol;

    if (!e->protocol && knows(c, t))
        cli_say("warning: the checkpoint was trained on part of these rows; --protocol %s "
                "tests on the others only",
                trained);
    if (e->protocol && strcmp(trained, e->protocol->name) != 0)
        cli_say("warning: the checkpoint was trained by protocol '%s', not '%s'", trained,
                e->protocol->name);
    if (!e->protocol && strcmp(trained, "survey") == 0)
        cli_say("warning: the checkpoint was trained on attacks, so that normal connections score "
                "high; here attacks are the positives");
}

static const char *labels_text(const struct eval *e)
{
    return e->protocol ? e->protocol->labels
                       : "measure only, attacks are the positives; all rows test. The threshold "
                         "comes from the checkpoint's calibration and sees no label.";
}

static int print_json(const struct eval *e, const struct gad_checkpoint *c,
                      const struct evaluation *v)
{
    json_t *j = json_pack("{s:s, s:s, s:s, s:s, s:s}", "checkpoint", c->name, "model", c->model,
                          "protocol", e->protocol ? e->protocol->name : "all-rows", "positive",
                          e->protocol && e->protocol->trains_on_attacks ? "normal" : "attack",
                          "labels", labels_text(e));
    int err = j && evaluation_json(v, j) == 0 ? 0 : GAD_ENOMEM;

    if (err == 0) {
        (void)json_dumpf(j, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
        (void)putchar('\n');
    }
    json_decref(j);
    return err;
}

static int print_text(const struct eval *e, const struct gad_checkpoint *c,
                      const struct evaluation *v)
{
    (void)printf("%s (%s), protocol %s\nLabels: %s\n\n", c->name, c->model,
                 e->protocol ? e->protocol->name : "none", labels_text(e));
    evaluation_text(v, stdout);
    return 0;
}

static int all_rows(size_t n, struct gad_split *split)
{
    split->test = gad_calloc(n, sizeof(*split->test));
    for (size_t i = 0; split->test && i < n; i++)
        split->test[i] = (uint32_t)i; /* a table has fewer than 2^32 */
    return split->test ? 0 : GAD_ENOMEM;
}

static int report(const struct eval *e, const struct gad_checkpoint *c,
                  const struct gad_detector *det, const struct gad_table *t, struct gad_diag *d)
{
    gad_cleanup(gad_split_deinit) struct gad_split split = {0};
    gad_cleanup(evaluation_deinit) struct evaluation v = {0};
    const struct protocol *p = e->protocol;
    int err = 0;

    if (p)
        err = protocol_choose(p, t, p->calibration_share, false, &split, d);
    if (err != 0)
        return err;
    size_t n = p ? split.n_test : gad_table_n_rows(t);
    if (!p && n > e->rows && (err = all_rows(n, &split)) != 0)
        return err;
    if (split.test)
        n = gad_split_thin(split.test, n, e->rows);
    gad_cleanup(gad_freep) float *score = gad_calloc(n ? n : 1, sizeof(*score));
    if (!score)
        return GAD_ENOMEM;
    err = data_score(det, t, n, split.test, score);
    if (err == 0)
        err = evaluate(t, n, split.test, score, split.positive_is_normal, p ? p->percentile : 0.0,
                       (double)gad_detector_threshold(det, e->fpr), &v, d);
    if (err != 0)
        return err;
    return e->json ? print_json(e, c, &v) : print_text(e, c, &v);
}

static int evaluate_checkpoint(const struct eval *e, struct gad_diag *d)
{
    gad_cleanup(gad_checkpoint_freep) struct gad_checkpoint *c = NULL;
    gad_cleanup(gad_detector_freep) struct gad_detector *det = NULL;
    gad_cleanup(gad_table_freep) struct gad_table *t = NULL;

    int err = gad_checkpoint_read(e->checkpoint, &c, d);
    if (err == 0)
        err = gad_detector_new(e->checkpoint, c, &det, d);
    if (err == 0)
        err = data_load(&e->data, e->skip_bad, &t, d);
    if (err != 0)
        return err;
    if (!gad_table_is_labelled(t))
        return gad_fail(d, GAD_EINVAL,
                        "the rows have no labels, so there is nothing to compare with");
    warn(e, c, t);
    return report(e, c, det, t, d);
}

static int run(const struct cli_command *self, int argc, char **argv)
{
    gad_cleanup(eval_deinit) struct eval e = {.fpr = 0.01, .rows = UINT32_MAX};
    struct gad_diag d = {0};

    int code = parse(self, argc, argv, &e);
    if (code != CLI_OK)
        return code;
    int err = evaluate_checkpoint(&e, &d);
    return err != 0 ? cli_failed(err, &d) : cli_flushed();
}

const struct cli_command command_eval = {
    .name = "eval",
    .summary = "measure a checkpoint on labelled records",
    .help =
        "Usage: ganad-train eval CHECKPOINT --data FILE... [OPTION...]\n\n"
        "Scores labelled records and compares: AUROC, AUPRC, detection rate at 1 % and 0.1 % "
        "false\n"
        "alarms, and precision, recall, F1 at the threshold, with rates for each class of "
        "attack.\n\n"
        "  --data FILE...             KDD99 or NSL-KDD records with labels; may be repeated\n"
        "  --protocol NAME            test on the half of the rows that 'fit' did not train on.\n"
        "                             normal, normal-unique: as fit has them\n"
        "                             survey: NORMAL connections are the positives and the "
        "threshold\n"
        "                             is the 80th percentile of the test scores, as published.\n"
        "                             Without: all rows test, attacks are the positives\n"
        "  --fpr X                    false-positive budget of the threshold, default 0.01; the\n"
        "                             survey's threshold is its own\n"
        "  --rows N                   test on at most N rows, evenly spread over those that would\n"
        "  --skip-bad                 skip and count bad lines instead of stopping at the first\n"
        "  --json                     one JSON object\n\n"
        "A threshold from a budget comes from the checkpoint's calibration, never from these "
        "labels.\n"
        "Rows with equal scores are never told apart. AUPRC is the trapezoid area that published\n"
        "figures use; average precision, without interpolation, stands beside it.\n",
    .run = run,
};
