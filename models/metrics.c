/* SPDX-License-Identifier: Apache-2.0 */
#include "models/metrics.h"

#include <math.h>
#include <stdlib.h>

#include "lib/base/diag.h"

struct item {
    float score;
    bool positive;
};

/* Rows at or above a threshold, for each distinct score from the highest down. */
struct point {
    uint64_t tp, fp;
};

struct gad_ranking {
    size_t n, n_points;
    struct item *item;   /* (n), highest score first */
    struct point *point; /* (n_points) */
};

void gad_ranking_free(struct gad_ranking *r)
{
    if (!r)
        return;
    gad_free(r->item);
    gad_free(r->point);
    gad_free(r);
}

static int highest_first(const void *pa, const void *pb)
{
    const struct item *a = pa, *b = pb;
    return (a->score < b->score) - (a->score > b->score);
}

static void make_points(struct gad_ranking *r)
{
    struct point sum = {0};

    for (size_t i = 0; i < r->n; i++) {
        if (r->item[i].positive)
            sum.tp++;
        else
            sum.fp++;
        if (i + 1 == r->n || r->item[i + 1].score < r->item[i].score)
            r->point[r->n_points++] = sum;
    }
}

int gad_ranking_new(size_t n, const float *score, const bool *positive, struct gad_ranking **ret,
                    struct gad_diag *d)
{
    if (n == 0)
        return gad_fail(d, GAD_EINVAL, "no rows to rank");

    gad_cleanup(gad_ranking_freep) struct gad_ranking *r = gad_calloc(1, sizeof(*r));
    if (!r)
        return GAD_ENOMEM;
    r->n = n;
    r->item = gad_calloc(n, sizeof(r->item[0]));
    r->point = gad_calloc(n, sizeof(r->point[0]));
    if (!r->item || !r->point)
        return GAD_ENOMEM;

    for (size_t i = 0; i < n; i++) {
        if (!isfinite(score[i]))
            return gad_fail(d, GAD_EINVAL, "the score of row %zu is not finite", i);
        r->item[i] = (struct item){.score = score[i], .positive = positive[i]};
    }
    qsort(r->item, n, sizeof(r->item[0]), highest_first);
    make_points(r);
    *ret = gad_steal(&r);
    return 0;
}

static struct point total(const struct gad_ranking *r)
{
    return r->point[r->n_points - 1];
}

uint64_t gad_ranking_n(const struct gad_ranking *r)
{
    return r->n;
}

uint64_t gad_ranking_positives(const struct gad_ranking *r)
{
    return total(r).tp;
}

double gad_ranking_auroc(const struct gad_ranking *r)
{
    struct point all = total(r), before = {0};
    uint64_t twice = 0; /* twice the area, in units of one positive by one negative; fits 64 bits */

    if (all.tp == 0 || all.fp == 0)
        return (double)NAN;
    for (size_t i = 0; i < r->n_points; i++) {
        struct point p = r->point[i];
        twice += (p.fp - before.fp) * (p.tp + before.tp);
        before = p;
    }
    return (double)twice / 2.0 / (double)all.tp / (double)all.fp;
}

static double precision(struct point p)
{
    return (double)p.tp / (double)(p.tp + p.fp);
}

double gad_ranking_auprc(const struct gad_ranking *r)
{
    double area = 0.0, last = 1.0;
    uint64_t tp = 0, positives = total(r).tp;

    if (positives == 0)
        return (double)NAN;
    for (size_t i = 0; i < r->n_points; i++) {
        double now = precision(r->point[i]);
        area += (double)(r->point[i].tp - tp) * (now + last) / 2.0;
        tp = r->point[i].tp;
        last = now;
    }
    return area / (double)positives;
}

double gad_ranking_average_precision(const struct gad_ranking *r)
{
    double area = 0.0;
    uint64_t tp = 0, positives = total(r).tp;

    if (positives == 0)
        return (double)NAN;
    for (size_t i = 0; i < r->n_points; i++) {
        area += (double)(r->point[i].tp - tp) * precision(r->point[i]);
        tp = r->point[i].tp;
    }
    return area / (double)positives;
}

double gad_ranking_tpr_at_fpr(const struct gad_ranking *r, double fpr)
{
    struct point all = total(r);
    uint64_t tp = 0;

    if (all.tp == 0 || all.fp == 0)
        return (double)NAN;
    for (size_t i = 0; i < r->n_points; i++)
        if ((double)r->point[i].fp / (double)all.fp <= fpr)
            tp = r->point[i].tp;
    return (double)tp / (double)all.tp;
}

/* Share of positives or of negatives; 0 without such rows. */
static double share(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0.0 : (double)part / (double)whole;
}

static bool moved(const struct gad_ranking *r, struct point a, struct point b, double step)
{
    struct point all = total(r);

    if (a.fp == 0 && b.fp > 0)
        return true;
    return share(b.tp - a.tp, all.tp) >= step || share(b.fp - a.fp, all.fp) >= step ||
           fabs(precision(b) - precision(a)) >= step ||
           (b.fp > a.fp && log10((double)b.fp / (double)a.fp) >= 5.0 * step);
}

int gad_ranking_curve(const struct gad_ranking *r, unsigned detail, struct gad_ranking_point **ret,
                      size_t *ret_n)
{
    struct gad_ranking_point *p = gad_calloc(r->n_points, sizeof(*p));
    struct point last = {0};
    size_t n = 0;

    if (!p)
        return GAD_ENOMEM;
    for (size_t i = 0; i < r->n_points; i++) {
        struct point at = r->point[i];
        if (i > 0 && i + 1 < r->n_points && !moved(r, last, at, 1.0 / detail))
            continue;
        p[n++] = (struct gad_ranking_point){
            .score = r->item[at.tp + at.fp - 1].score, .tp = at.tp, .fp = at.fp};
        last = at;
    }
    *ret = p;
    *ret_n = n;
    return 0;
}

double gad_ranking_percentile(const struct gad_ranking *r, double q)
{
    gad_assert(q >= 0.0 && q <= 100.0);
    double at = q / 100.0 * (double)(r->n - 1);
    size_t below = (size_t)at;
    size_t above = below + 1 < r->n ? below + 1 : below;
    double part = at - (double)below;
    double a = (double)r->item[r->n - 1 - below].score;
    double b = (double)r->item[r->n - 1 - above].score;

    /* From the nearer end, as numpy: part 1 then gives exactly b, and equal ends give that
     * value. */
    return part < 0.5 ? a + (b - a) * part : b - (b - a) * (1.0 - part);
}

static double ratio(uint64_t part, uint64_t whole)
{
    return whole == 0 ? (double)NAN : (double)part / (double)whole;
}

double gad_confusion_precision(const struct gad_confusion *c)
{
    return ratio(c->tp, c->tp + c->fp);
}

double gad_confusion_recall(const struct gad_confusion *c)
{
    return ratio(c->tp, c->tp + c->fn);
}

double gad_confusion_f1(const struct gad_confusion *c)
{
    return ratio(2 * c->tp, 2 * c->tp + c->fp + c->fn);
}

double gad_confusion_fpr(const struct gad_confusion *c)
{
    return ratio(c->fp, c->fp + c->tn);
}
