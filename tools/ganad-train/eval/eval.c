/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include <jansson.h>

#include "lib/checkpoint/checkpoint.h"
#include "tools/common/option.h"
#include "tools/ganad-train/cli.h"
#include "tools/ganad-train/eval/evaluate.h"
#include "tools/ganad-train/eval/measure.h"
#include "tools/ganad-train/eval_protocol.h"

static int parse(const struct cli_command *self, int argc, char **argv, struct measure_options *o,
                 bool *json)
{
    static const struct option options[] = {
        MEASURE_LONG_OPTIONS, {"json", no_argument, NULL, 'j'}, {0}};
    struct gad_diag d = {0};
    int err = 0;

    for (int c; err == 0 && (c = option_next(argc, argv, "-", options, NULL)) != -1;) {
        if (c == '?')
            return cli_try_help(self); /* getopt said why */
        if (c == 'j')
            *json = true;
        else
            err = measure_option(o, c, optarg, &d);
    }
    for (int i = optind; err == 0 && i < argc; i++)
        err = measure_option(o, 1, argv[i], &d);
    if (err == 0)
        err = measure_options_check(o, &d);
    if (err != 0)
        return cli_usage(self, "%s", d.text[0] ? d.text : gad_strerror(err));
    if (!o->checkpoint)
        return cli_usage(self, "give a checkpoint first, then records with --data");
    if (o->data.n == 0)
        return cli_usage(self, "give labelled records with --data");
    return CLI_OK;
}

static int print_json(const struct measure_options *o, const struct measurement *m)
{
    json_t *j = measure_json(o, m);

    if (!j)
        return GAD_ENOMEM;
    (void)json_dumpf(j, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
    (void)putchar('\n');
    json_decref(j);
    return 0;
}

static int print_text(const struct measure_options *o, const struct measurement *m)
{
    (void)printf("%s (%s), protocol %s\nLabels: %s\n\n", m->c->name, m->c->model,
                 o->protocol ? o->protocol->name : "none", measure_labels(o));
    evaluation_text(&m->e, stdout);
    return 0;
}

static int evaluate_checkpoint(const struct measure_options *o, bool json, struct gad_diag *d)
{
    gad_cleanup(measure_deinit) struct measurement m = {0};

    int err = measure_load(o, &m, d);
    if (err != 0)
        return err;
    if (!m.labelled)
        return gad_fail(d, GAD_EINVAL,
                        "the rows have no labels, so there is nothing to compare with; 'report' "
                        "shows the figures that need none");
    for (size_t i = 0; i < MEASURE_WARNINGS && m.warning[i].text[0]; i++)
        cli_say("warning: %s", m.warning[i].text);
    err = measure_run(o, &m, d);
    if (err != 0)
        return err;
    return json ? print_json(o, &m) : print_text(o, &m);
}

static int run(const struct cli_command *self, int argc, char **argv)
{
    gad_cleanup(measure_options_deinit) struct measure_options o = MEASURE_OPTIONS_INIT;
    struct gad_diag d = {0};
    bool json = false;

    int code = parse(self, argc, argv, &o, &json);
    if (code != CLI_OK)
        return code;
    int err = evaluate_checkpoint(&o, json, &d);
    return err != 0 ? cli_failed(err, &d) : cli_flushed();
}

const struct cli_command command_eval = {
    .name = "eval",
    .summary = "measure a checkpoint on labelled records",
    .help =
        "Usage: ganad-train eval CHECKPOINT --data FILE... [OPTION...]\n\n"
        "Scores labelled records and compares: AUROC, AUPRC, detection rate at 1 % and 0.1 %\n"
        "false alarms, and precision, recall, F1 at the threshold, with rates for each class of\n"
        "attack.\n\n"
        "  --data FILE...             KDD99 or NSL-KDD records with labels; may be repeated\n"
        "  --protocol NAME            test on the half of the rows that 'fit' did not train on.\n"
        "                             normal, normal-unique: as in fit\n"
        "                             survey: NORMAL connections are the positives and the\n"
        "                             threshold is the 80th percentile of the test scores, as\n"
        "                             published.\n"
        "                             Without: all rows test, attacks are the positives\n"
        "  --fpr X                    false-positive budget of the threshold, default 0.01; not\n"
        "                             with survey, which has its own threshold\n"
        "  --rows N                   test on at most N of these rows, evenly spread\n"
        "  --normal NAME              the label of normal records, in place of 'normal' and\n"
        "                             'benign'; may be repeated\n"
        "  --skip-bad                 skip and count bad lines instead of stopping at the first\n"
        "  --json                     one JSON object\n\n"
        "A threshold from a budget comes from the checkpoint's calibration, never from these\n"
        "labels. Rows with equal scores are never separated. AUPRC is the trapezoid area that\n"
        "published figures use; average precision, without interpolation, is printed beside it.\n",
    .run = run,
};
