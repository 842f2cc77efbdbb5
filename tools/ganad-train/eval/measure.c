/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/eval/measure.h"

#include <string.h>

#include <jansson.h>

#include "lib/base/mem.h"
#include "lib/checkpoint/checkpoint.h"
#include "lib/dataset/table.h"
#include "models/detector.h"
#include "tools/ganad-train/data.h"
#include "tools/ganad-train/eval_protocol.h"
#include "tools/ganad-train/labels.h"

static int add_argument(struct measure_options *o, const char *arg)
{
    if (!o->checkpoint) {
        o->checkpoint = arg;
        return 0;
    }
    return cli_list_add(&o->data, arg);
}

int measure_option(struct measure_options *o, int c, const char *arg, struct gad_diag *d)
{
    switch (c) {
    case 1:
        return add_argument(o, arg);
    case 'd':
        return cli_list_add(&o->data, arg);
    case 'p':
        return eval_protocol_parse(arg, &o->protocol, d);
    case 'l':
        return cli_list_add(&o->normal, arg);
    case 'f':
        o->fpr_given = true;
        return cli_real("--fpr", arg, 1e-9, 0.999, &o->fpr, d);
    case 'r':
        return cli_u64("--rows", arg, 1, UINT32_MAX, &o->rows, d);
    default:
        o->skip_bad = true;
        return 0;
    }
}

void measure_options_deinit(struct measure_options *o)
{
    cli_list_deinit(&o->normal);
    cli_list_deinit(&o->data);
}

int measure_options_check(const struct measure_options *o, struct gad_diag *d)
{
    if (o->fpr_given && o->protocol && o->protocol->percentile > 0.0)
        return gad_fail(d, GAD_EINVAL,
                        "--fpr: protocol survey does not use it, its threshold is a percentile of "
                        "the test scores");
    return 0;
}

/* Whether the checkpoint was trained on one of these files. */
static bool trained_on(const struct gad_checkpoint *c, const struct gad_table *t)
{
    for (size_t i = 0; i < c->provenance.n_data; i++)
        for (size_t k = 0; k < gad_table_n_sources(t); k++)
            if (strcmp(c->provenance.data[i].sha256, gad_table_source(t, k)->sha256) == 0)
                return true;
    return false;
}

static void warn(const struct measure_options *o, struct measurement *m)
{
    const char *trained = m->c->provenance.protocol;
    struct gad_diag *w = m->warning;

    if (!o->protocol && trained_on(m->c, m->t))
        (void)gad_fail(w++, 0,
                       "the checkpoint was trained on part of these rows; --protocol %s tests on "
                       "the others only",
                       trained);
    if (o->protocol && strcmp(trained, o->protocol->name) != 0)
        (void)gad_fail(w++, 0, "the checkpoint was trained by protocol '%s', not '%s'", trained,
                       o->protocol->name);
    if (!o->protocol && strcmp(trained, "survey") == 0)
        (void)gad_fail(w++, 0,
                       "the checkpoint was trained on attacks, so that normal connections score "
                       "high; here attacks are the positives");
    if (strstr(m->c->provenance.command, "--keep test-labels"))
        (void)gad_fail(w++, 0,
                       "the epoch was chosen by the labels of the test rows (--keep test-labels): "
                       "the figures are too good");
    w += labels_lack_normal(m->t, w);
    if (gad_table_is_labelled(m->t) && strstr(m->c->provenance.command, "--normal ") &&
        o->normal.n == 0)
        (void)gad_fail(
            w++, 0,
            "the checkpoint was trained with --normal, which 'ganad-train inspect' shows, "
            "and these rows are measured without it");
}

const char *measure_labels(const struct measure_options *o)
{
    return o->protocol ? o->protocol->labels
                       : "measure only, attacks are the positives; all rows test. The threshold "
                         "comes from the checkpoint's calibration and sees no label.";
}

static const char *positive(const struct measure_options *o)
{
    return o->protocol && o->protocol->trains_on_attacks ? "normal" : "attack";
}

json_t *measure_json(const struct measure_options *o, const struct measurement *m)
{
    json_t *j = json_pack("{s:s, s:s, s:s, s:s, s:s}", "checkpoint", m->c->name, "model",
                          m->c->model, "protocol", o->protocol ? o->protocol->name : "all-rows",
                          "positive", positive(o), "labels", measure_labels(o));

    json_t *normal = json_array();
    for (size_t i = 0; normal && m->labelled && i < gad_table_n_labels(m->t); i++)
        if (gad_table_label_is_normal(m->t, i))
            (void)json_array_append_new(normal, json_string(gad_table_label_name(m->t, i)));
    if (j)
        (void)json_object_set_new(j, "normal", normal);
    if (j && evaluation_json(&m->e, j) != 0) {
        json_decref(j);
        return NULL;
    }
    return j;
}

int measure_load(const struct measure_options *o, struct measurement *m, struct gad_diag *d)
{
    int err = gad_checkpoint_read(o->checkpoint, &m->c, d);
    if (err == 0)
        err = gad_detector_new(o->checkpoint, m->c, &m->det, d);
    if (err == 0)
        err = data_load(
            &(struct data_request){
                .files = &o->data, .normal = &o->normal, .skip_bad = o->skip_bad, .quiet = true},
            &m->t, d);
    if (err != 0)
        return err;
    m->labelled = gad_table_is_labelled(m->t);
    warn(o, m);
    return 0;
}

static int all_rows(size_t n, struct gad_split *split)
{
    split->test = gad_calloc(n, sizeof(*split->test));
    for (size_t i = 0; split->test && i < n; i++)
        split->test[i] = (uint32_t)i; /* a table has fewer than 2^32 */
    return split->test ? 0 : GAD_ENOMEM;
}

int measure_run(const struct measure_options *o, struct measurement *m, struct gad_diag *d)
{
    const struct eval_protocol *p = o->protocol;
    int err = 0;

    if (p)
        err = eval_protocol_choose(p, m->t, p->calibration_share, false, &m->split, d);
    if (err != 0)
        return err;
    m->n = p ? m->split.n_test : gad_table_n_rows(m->t);
    if (!p && m->n > o->rows && (err = all_rows(m->n, &m->split)) != 0)
        return err;
    if (m->split.test)
        m->n = gad_split_thin(m->split.test, m->n, o->rows);
    m->row = m->split.test;
    m->score = gad_calloc(m->n ? m->n : 1, sizeof(*m->score));
    if (!m->score)
        return GAD_ENOMEM;
    err = data_score(m->det, m->t, m->n, m->row, m->score);
    if (err != 0)
        return err;
    if (!m->labelled) {
        evaluate_unlabelled(m->n, m->score, (double)gad_detector_threshold(m->det, o->fpr), &m->e);
        return 0;
    }
    return evaluate(m->t, m->n, m->row, m->score, m->split.positive_is_normal,
                    p ? p->percentile : 0.0, (double)gad_detector_threshold(m->det, o->fpr), &m->e,
                    d);
}

void measure_deinit(struct measurement *m)
{
    evaluation_deinit(&m->e);
    gad_free(m->score);
    gad_split_deinit(&m->split);
    gad_table_free(m->t);
    gad_detector_free(m->det);
    gad_checkpoint_free(m->c);
    *m = (struct measurement){0};
}
