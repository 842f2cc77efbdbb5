/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include <jansson.h>

#include "lib/base/text.h"
#include "lib/checkpoint/checkpoint.h"
#include "lib/dataset/table.h"
#include "models/detector.h"
#include "models/interval.h"
#include "tools/ganad-train/inspect.h"
#include "tools/ganad-train/report/report.h"

/* JSON has no NaN: null means "not defined". */
static json_t *figure(double v)
{
    return isnan(v) ? json_null() : json_real(v);
}

/* 95 % interval of the share of negatives that are flagged. */
static json_t *interval(const struct gad_confusion *c)
{
    if (c->fp + c->tn == 0)
        return json_null();
    struct gad_interval i = gad_binomial_interval(c->fp, c->fp + c->tn);
    return json_pack("[f, f]", i.low, i.high);
}

static json_t *budgets(const struct report *r)
{
    const struct gad_confusion unknown = {0}; /* every rate of it is undefined */
    json_t *all = json_array();

    for (size_t i = 0; i < REPORT_BUDGETS; i++) {
        const struct report_budget *b = &r->budget[i];
        const struct gad_confusion *c = r->m.labelled ? &b->c : &unknown;
        uint64_t flagged = b->c.tp + b->c.fp;
        struct gad_interval expected = gad_detector_fpr_interval(r->m.det, b->budget);
        json_t *one = json_pack(
            "{s:f, s:f, s:I, s:o, s:o, s:o, s:o, s:o, s:b, s:[f, f]}", "budget", b->budget,
            "threshold", b->threshold, "flagged", (json_int_t)flagged, "false_positives",
            r->m.labelled ? json_integer((json_int_t)c->fp) : json_null(), "fpr",
            figure(gad_confusion_fpr(c)), "fpr_interval", interval(c), "recall",
            figure(gad_confusion_recall(c)), "precision", figure(gad_confusion_precision(c)),
            "extrapolated",
            gad_detector_has_tail(r->m.det) && gad_detector_p_is_extrapolated(r->m.det, b->budget),
            "expected_interval", expected.low, expected.high);
        (void)json_array_append_new(all, one);
    }
    return all;
}

static json_t *data(const struct report *r)
{
    json_t *all = json_array();

    for (size_t i = 0; i < gad_table_n_sources(r->m.t); i++) {
        const struct gad_table_source *s = gad_table_source(r->m.t, i);
        char name[256];
        gad_text_escape(name, sizeof(name), s->name, strlen(s->name));
        (void)json_array_append_new(all, json_pack("{s:s, s:s, s:I, s:I}", "name", name, "sha256",
                                                   s->sha256, "rows", (json_int_t)s->rows,
                                                   "bad_lines", (json_int_t)s->bad_lines));
    }
    return all;
}

static json_t *shares(const struct report *r, const double *share)
{
    json_t *all = json_object();

    for (size_t i = 0; i < GAD_N_COLUMNS; i++) {
        enum gad_column c = r->importance.order[i];
        (void)json_object_set_new(all, gad_columns[c].name, json_real(share[c]));
    }
    return all;
}

static json_t *group(const struct report *r, const struct importance_group *g)
{
    return json_pack("{s:I, s:I, s:o}", "rows", (json_int_t)g->rows, "explained", (json_int_t)g->n,
                     "share", g->n > 0 ? shares(r, g->share) : json_null());
}

static json_t *importance(const struct report *r)
{
    const struct importance *v = &r->importance;
    json_t *flagged = json_object();

    for (size_t i = 0; i < v->n_groups; i++)
        (void)json_object_set_new(flagged, v->group[i].name, group(r, &v->group[i]));
    return json_pack("{s:o, s:o, s:o}", "overall",
                     v->n_groups > 0 ? shares(r, v->overall) : json_null(), "flagged", flagged,
                     r->m.labelled ? "strangest_negatives" : "strangest", group(r, &v->highest));
}

static json_t *histogram(const struct report *r)
{
    const struct report_histogram *h = &r->histogram;
    json_t *edge = json_array(), *negative = json_array(), *positive = json_array();

    for (size_t i = 0; i <= REPORT_BINS; i++)
        (void)json_array_append_new(edge, json_real(h->edge[i]));
    for (size_t i = 0; i < REPORT_BINS; i++) {
        (void)json_array_append_new(negative, json_integer((json_int_t)h->negative[i]));
        (void)json_array_append_new(positive, json_integer((json_int_t)h->positive[i]));
    }
    if (r->m.labelled)
        return json_pack("{s:o, s:o, s:o}", "edge", edge, "negative", negative, "positive",
                         positive);
    json_decref(positive);
    return json_pack("{s:o, s:o}", "edge", edge, "rows", negative);
}

/* For both curves: the number of rows that score at least this. */
static json_t *curve(const struct report *r)
{
    json_t *all = json_array();

    for (size_t i = 0; i < r->n_curve; i++)
        (void)json_array_append_new(
            all, json_pack("{s:f, s:I, s:I}", "score", (double)r->curve[i].score, "tp",
                           (json_int_t)r->curve[i].tp, "fp", (json_int_t)r->curve[i].fp));
    return all;
}

static json_t *warnings(const struct report *r)
{
    json_t *all = json_array();

    for (size_t i = 0; i < MEASURE_WARNINGS && r->m.warning[i].text[0]; i++)
        (void)json_array_append_new(all, json_string(r->m.warning[i].text));
    return all;
}

json_t *report_json(const struct report *r)
{
    const struct measurement *m = &r->m;
    json_t *j = measure_json(&r->o->measure, m);
    json_t *more = json_pack(
        "{s:s, s:s, s:s, s:o, s:b, s:I, s:f, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "title",
        r->o->title, "date", r->o->date, "sha256", gad_detector_sha256_hex(m->det), "data", data(r),
        "labelled", m->labelled, "flagged", (json_int_t)m->e.flagged, "fpr_budget",
        r->o->measure.fpr, "fpr_interval", interval(&m->e.confusion), "budgets", budgets(r),
        "history", inspect_history(&m->c->provenance.history), "importance", importance(r),
        "histogram", histogram(r), "curve", curve(r), "warnings", warnings(r));
    int err = j && more ? json_object_update(j, more) : -1;

    if (err == 0)
        err = json_object_set_new(j, "epoch", json_integer(m->c->provenance.epoch));
    if (err == 0 && !m->labelled)
        err = json_object_set_new(j, "positives", json_null());
    json_decref(more);
    if (err != 0) {
        json_decref(j);
        return NULL;
    }
    return j;
}
