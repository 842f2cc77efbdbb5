/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/report/report.h"

#include <math.h>
#include <stdlib.h>

#include "lib/base/mem.h"
#include "models/detector.h"
#include "tools/ganad-train/eval_protocol.h"
#include "tools/ganad-train/report/html.h"

/* Steps of an axis, about its width in pixels. */
enum { CURVE_DETAIL = 250 };

/* Largest quotient of scores that a linear axis shows well. */
static const double linear_span = 20.0;

void report_deinit(struct report *r)
{
    measure_deinit(&r->m);
    gad_free(r->curve);
    r->curve = NULL;
}

const char *report_positives(const struct report *r)
{
    const struct eval_protocol *p = r->o->measure.protocol;
    return p && p->trains_on_attacks ? "normal connections" : "attacks";
}

const char *report_negatives(const struct report *r)
{
    const struct eval_protocol *p = r->o->measure.protocol;
    return !r->m.labelled ? "rows" : p && p->trains_on_attacks ? "attacks" : "normal connections";
}

bool report_has_curves(const struct report *r)
{
    return r->m.labelled && r->m.e.positives > 0 && r->m.e.positives < r->m.e.n;
}

static void find_budgets(struct report *r)
{
    static const double budgets[REPORT_BUDGETS] = {0.1,   0.05,  0.02,   0.01,   0.005,
                                                   0.002, 0.001, 0.0005, 0.0002, 0.0001};

    for (size_t i = 0; i < REPORT_BUDGETS; i++) {
        struct report_budget *b = &r->budget[i];
        b->budget = budgets[i];
        b->threshold = (double)gad_detector_threshold(r->m.det, b->budget);
        b->c = evaluation_at(&r->m.e, r->m.score, b->threshold);
    }
}

static int ascending(const void *pa, const void *pb)
{
    const float *a = pa, *b = pb;
    return (*a > *b) - (*a < *b);
}

/* Sets the edges from the scores in ascending order. A few scores far below the others do not
 * set the scale. */
static void set_edges(struct report_histogram *h, size_t n, const float *sorted, double threshold)
{
    double least = (double)sorted[0], low = (double)sorted[n / 1000];
    double most = fmax((double)sorted[n - 1], threshold), median = (double)sorted[n / 2];

    h->log = low > 0.0 && most > linear_span * median && most > low;
    double from = h->log ? fmax(least, low / 10.0) : fmin(least, threshold);
    double to = most;
    if (!(to - from > 1e-6 * fmax(fabs(from), fabs(to)))) { /* all equal: a bin in the middle */
        double around = from == 0.0 ? 0.5 : fabs(from) / 2.0;
        from -= around;
        to += around;
    }
    double step = h->log ? log(to / from) / REPORT_BINS : (to - from) / REPORT_BINS;
    for (size_t i = 0; i <= REPORT_BINS; i++)
        h->edge[i] = h->log ? from * exp((double)i * step) : from + (double)i * step;
}

static size_t bin_of(const struct report_histogram *h, double score)
{
    size_t low = 0, high = REPORT_BINS;

    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (score >= h->edge[middle])
            low = middle;
        else
            high = middle;
    }
    return low;
}

static int fill_histogram(struct report *r)
{
    struct report_histogram *h = &r->histogram;
    const struct measurement *m = &r->m;
    gad_cleanup(gad_freep) float *sorted = gad_calloc(m->n, sizeof(*sorted));

    if (!sorted)
        return GAD_ENOMEM;
    for (size_t i = 0; i < m->n; i++)
        sorted[i] = m->score[i];
    qsort(sorted, m->n, sizeof(*sorted), ascending);
    set_edges(h, m->n, sorted, m->e.threshold);
    for (size_t i = 0; i < m->n; i++) {
        bool positive = m->e.positive && m->e.positive[i];
        (positive ? h->positive : h->negative)[bin_of(h, (double)m->score[i])] += 1.0;
    }
    return 0;
}

int report_make(struct report *r)
{
    int err = 0;

    find_budgets(r);
    if (r->m.e.ranking)
        err = gad_ranking_curve(r->m.e.ranking, CURVE_DETAIL, &r->curve, &r->n_curve);
    if (err == 0)
        err = fill_histogram(r);
    if (err == 0)
        err = importance_find(&r->m, &r->importance);
    return err;
}
