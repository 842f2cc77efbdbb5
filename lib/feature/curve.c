/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/feature/curve.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"

enum {
    /* each curve has a table for the values 0 .. 511: every window count, most others */
    WHOLE = 512,
    STEPS = 48, /* knots are at least a 48th of the range apart, except beside a jump */
};

static_assert(2 * STEPS + 4 <= GAD_SCALER_KNOTS_MAX, "a fit never has too many knots");

struct gad_curves {
    size_t dim;
    uint32_t *n, *at; /* (dim): knots of an element; where they begin */
    float *x, *y;
    float *table;       /* (curves, WHOLE) */
    uint32_t *table_at; /* (dim) which row of the table */
};

void gad_curves_free(struct gad_curves *c)
{
    if (!c)
        return;
    gad_free(c->n);
    gad_free(c->at);
    gad_free(c->x);
    gad_free(c->y);
    gad_free(c->table);
    gad_free(c->table_at);
    gad_free(c);
}
GAD_DEFINE_CLEANUP(struct gad_curves, gad_curves_free);

struct gad_scaler_knots gad_curves_knots(const struct gad_curves *c)
{
    return (struct gad_scaler_knots){c->n, c->x, c->y};
}

bool gad_curves_has(const struct gad_curves *c, size_t j)
{
    return c->n[j] > 0;
}

static bool legal(size_t n, const float *x, const float *y)
{
    if (n == 1 || n > GAD_SCALER_KNOTS_MAX)
        return false;
    for (size_t k = 0; k < n; k++)
        if (!isfinite(x[k]) || !isfinite(y[k]) || (k > 0 && !(x[k] > x[k - 1] && y[k] > y[k - 1])))
            return false;
    return n == 0 || x[n - 1] > 0.0f;
}

/* Returns the segment of v among n ascending knots: 1 .. n - 1, its upper end. */
static size_t segment(const float *knot, size_t n, float v)
{
    size_t lo = 1, hi = n - 1;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (knot[mid] < v)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static float between(const float *from, const float *to, size_t k, float v)
{
    return to[k - 1] + (v - from[k - 1]) / (from[k] - from[k - 1]) * (to[k] - to[k - 1]);
}

static float curve(const float *x, const float *y, size_t n, float v)
{
    float t = log1pf(v), step = 2.0f * x[n - 1];

    if (t > x[n - 1])
        return y[n - 1] + log1pf(fmaxf(v - expm1f(x[n - 1]), 0.0f)) / step;
    if (t < x[0])
        return y[0] - log1pf(fmaxf(expm1f(x[0]) - v, 0.0f)) / step;
    return isnan(t) ? t : between(x, y, segment(x, n, t), t);
}

float gad_curves_apply(const struct gad_curves *c, size_t j, float x)
{
    if (x >= 0.0f && x < (float)WHOLE) {
        unsigned i = (unsigned)x;
        if ((float)i == x)
            return c->table[c->table_at[j] * WHOLE + i];
    }
    return curve(c->x + c->at[j], c->y + c->at[j], c->n[j], x);
}

float gad_curves_invert(const struct gad_curves *c, size_t j, float v)
{
    const float *x = c->x + c->at[j], *y = c->y + c->at[j];
    size_t n = c->n[j];
    float step = 2.0f * x[n - 1];

    if (v > y[n - 1])
        return expm1f(x[n - 1]) + expm1f((v - y[n - 1]) * step);
    if (v < y[0])
        return expm1f(x[0]) - expm1f((y[0] - v) * step);
    return isnan(v) ? v : expm1f(between(y, x, segment(y, n, v), v));
}

static int curves_alloc(struct gad_curves *c, size_t n_knots, size_t n_curves)
{
    c->n = gad_calloc(c->dim, sizeof(*c->n));
    c->at = gad_calloc(c->dim, sizeof(*c->at));
    c->table_at = gad_calloc(c->dim, sizeof(*c->table_at));
    c->x = gad_calloc(n_knots ? n_knots : 1, sizeof(*c->x));
    c->y = gad_calloc(n_knots ? n_knots : 1, sizeof(*c->y));
    c->table = gad_calloc(n_curves ? n_curves : 1, WHOLE * sizeof(*c->table));
    return c->n && c->at && c->table_at && c->x && c->y && c->table ? 0 : GAD_ENOMEM;
}

int gad_curves_new(size_t dim, const struct gad_scaler_knots *knots, struct gad_curves **ret)
{
    size_t total = 0, n_curves = 0;

    for (size_t j = 0; j < dim; j++) {
        if (!legal(knots->n[j], knots->x + total, knots->y + total))
            return GAD_EFORMAT;
        total += knots->n[j];
        n_curves += knots->n[j] > 0;
    }
    gad_cleanup(gad_curves_freep) struct gad_curves *c = gad_calloc(1, sizeof(*c));
    if (!c)
        return GAD_ENOMEM;
    c->dim = dim;
    int r = curves_alloc(c, total, n_curves);
    if (r != 0)
        return r;
    memcpy(c->n, knots->n, dim * sizeof(*c->n));
    for (size_t k = 0; k < total; k++) { /* the arrays can be NULL without knots */
        c->x[k] = knots->x[k];
        c->y[k] = knots->y[k];
    }
    uint32_t at = 0, table_at = 0;
    for (size_t j = 0; j < dim; j++) {
        c->at[j] = at;
        c->table_at[j] = table_at;
        if (c->n[j] == 0)
            continue;
        for (size_t i = 0; i < WHOLE; i++)
            c->table[(size_t)table_at * WHOLE + i] = curve(c->x + at, c->y + at, c->n[j], (float)i);
        at += c->n[j];
        table_at++;
    }
    *ret = gad_steal(&c);
    return 0;
}

static int ascending(const void *pa, const void *pb)
{
    const float *a = pa, *b = pb;
    return (*a > *b) - (*a < *b);
}

static size_t run_of(const float *v, size_t n, size_t at)
{
    size_t end = at + 1;

    while (end < n && v[end] == v[at])
        end++;
    return end - at;
}

/* The knots so far and the last point that was skipped. */
struct fit {
    float *x, *y;
    size_t n;
    float skipped_x, skipped_y;
};

static void keep(struct fit *f, float x, float y)
{
    if (f->n > 0 && !(x > f->x[f->n - 1] && y > f->y[f->n - 1]))
        return; /* float32 cannot distinguish the two values */
    f->x[f->n] = x;
    f->y[f->n++] = y;
}

/* Keeps a point that is a step away from the last knot, and the point before a jump, where the jump
 * begins. */
static void visit(struct fit *f, float x, float y, bool last)
{
    float step = 1.0f / STEPS;

    if (f->n > 0 && y - f->skipped_y >= step)
        keep(f, f->skipped_x, f->skipped_y);
    if (f->n == 0 || last || y - f->y[f->n - 1] >= step)
        keep(f, x, y);
    f->skipped_x = x;
    f->skipped_y = y;
}

size_t gad_curve_fit(size_t n, float *v, float *x, float *y)
{
    struct fit f = {.x = x, .y = y};

    qsort(v, n, sizeof(*v), ascending);
    /* Ranks are those of the middle of equal values, from 0 for the smallest value to 1 for the
     * largest. */
    double first = 0.5 * (double)run_of(v, n, 0), t0 = log1p((double)v[0]), last = (double)n,
           log_range = log1p((double)v[n - 1]) - t0;
    size_t tail = n;
    while (tail > 0 && v[tail - 1] == v[n - 1])
        tail--;
    last -= 0.5 * (double)(n - tail);

    for (size_t i = 0, run; i < n; i += run) {
        run = run_of(v, n, i);
        double t = log1p((double)v[i]), rank = (double)i + 0.5 * (double)run;
        visit(&f, (float)t,
              (float)(0.5 * (rank - first) / (last - first) + 0.5 * (t - t0) / log_range),
              i + run == n);
    }
    return f.n;
}
