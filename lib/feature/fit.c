/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/feature/scaler.h"

#include <math.h>
#include <stdint.h>

#include "lib/feature/curve.h"

/* Statistics of the training rows, each (dim). */
struct moments {
    float *min, *max;
    double *mean, *variance;
};

static void moments_deinit(struct moments *m)
{
    gad_free(m->variance);
    gad_free(m->mean);
    gad_free(m->max);
    gad_free(m->min);
}

static int moments_init(struct moments *m, size_t dim)
{
    m->min = gad_calloc(dim, sizeof(m->min[0]));
    m->max = gad_calloc(dim, sizeof(m->max[0]));
    m->mean = gad_calloc(dim, sizeof(m->mean[0]));
    m->variance = gad_calloc(dim, sizeof(m->variance[0]));
    return m->min && m->max && m->mean && m->variance ? 0 : GAD_ENOMEM;
}

/* Two passes: the mean of squares minus the square of the mean would lose digits of src_bytes. */
static int measure(size_t n, size_t dim, const float *x, size_t ld, struct moments *m)
{
    for (size_t j = 0; j < dim; j++)
        m->min[j] = m->max[j] = x[j];
    for (size_t i = 0; i < n; i++) {
        const float *row = x + i * ld;
        for (size_t j = 0; j < dim; j++) {
            if (!isfinite(row[j]))
                return GAD_EINVAL;
            m->min[j] = row[j] < m->min[j] ? row[j] : m->min[j];
            m->max[j] = row[j] > m->max[j] ? row[j] : m->max[j];
            m->mean[j] += (double)row[j];
        }
    }
    for (size_t j = 0; j < dim; j++)
        m->mean[j] /= (double)n;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < dim; j++) {
            double gap = (double)x[i * ld + j] - m->mean[j];
            m->variance[j] += gap * gap;
        }
    for (size_t j = 0; j < dim; j++)
        m->variance[j] /= (double)n;
    return 0;
}

#define LOG_ABOVE 50.0f /* log-minmax: training maximum above which log1p is used */

static void choose(enum gad_scaler_kind kind, const struct moments *m, size_t j, bool *log,
                   float *offset, float *range)
{
    float min = m->min[j], max = m->max[j];

    *log = kind == GAD_SCALER_LOG_MINMAX && max > LOG_ABOVE && min >= 0.0f;
    *offset = 0.0f;
    *range = 1.0f;
    switch (kind) {
    case GAD_SCALER_MINMAX:
    case GAD_SCALER_QUANTILE: /* for elements without a curve */
    case GAD_SCALER_LOG_MINMAX:
        *offset = *log ? log1pf(min) : min;
        *range = (*log ? log1pf(max) : max) - *offset;
        break;
    case GAD_SCALER_STANDARD:
        *offset = min == max ? min : (float)m->mean[j]; /* a sum of constants can round */
        *range = (float)sqrt(m->variance[j]);
        break;
    case GAD_SCALER_NONE:
    case GAD_N_SCALERS:
        break;
    }
    if (min == max || *range == 0.0f)
        *range = 1.0f;
}

#define CURVE_ABOVE 1.0f /* quantile: training maximum above which an element has a curve */

/* Knots of all elements, one element after the other. */
struct knots {
    uint32_t *n;
    float *x, *y, *column;
};

static void knots_deinit(struct knots *k)
{
    gad_free(k->n);
    gad_free(k->x);
    gad_free(k->y);
    gad_free(k->column);
}

static int knots_init(struct knots *k, size_t n, size_t dim)
{
    k->n = gad_calloc(dim, sizeof(*k->n));
    k->x = gad_calloc(dim, GAD_SCALER_KNOTS_MAX * sizeof(*k->x));
    k->y = gad_calloc(dim, GAD_SCALER_KNOTS_MAX * sizeof(*k->y));
    k->column = gad_calloc(n, sizeof(*k->column));
    return k->n && k->x && k->y && k->column ? 0 : GAD_ENOMEM;
}

static void fit_curves(size_t n, size_t dim, const float *x, size_t ld, const struct moments *m,
                       struct knots *k)
{
    size_t at = 0;

    for (size_t j = 0; j < dim; j++) {
        if (!(m->max[j] > CURVE_ABOVE && m->min[j] >= 0.0f && m->max[j] > m->min[j]))
            continue;
        for (size_t i = 0; i < n; i++)
            k->column[i] = x[i * ld + j];
        k->n[j] = (uint32_t)gad_curve_fit(n, k->column, k->x + at, k->y + at);
        if (k->n[j] < 2) /* float32 cannot distinguish the logs of the values */
            k->n[j] = 0;
        at += k->n[j];
    }
}

int gad_scaler_fit(enum gad_scaler_kind kind, size_t n, size_t dim, const float *x, size_t ld,
                   struct gad_scaler **ret)
{
    gad_cleanup(moments_deinit) struct moments m = {0};
    gad_cleanup(knots_deinit) struct knots k = {0};
    gad_cleanup(gad_freep) bool *log = NULL;
    gad_cleanup(gad_freep) float *offset = NULL;
    gad_cleanup(gad_freep) float *range = NULL;

    if (n == 0 || dim == 0 || dim > ld)
        return GAD_EINVAL;
    int r = moments_init(&m, dim);
    if (r != 0)
        return r;
    log = gad_calloc(dim, sizeof(log[0]));
    offset = gad_calloc(dim, sizeof(offset[0]));
    range = gad_calloc(dim, sizeof(range[0]));
    if (!log || !offset || !range)
        return GAD_ENOMEM;
    r = measure(n, dim, x, ld, &m);
    if (r != 0)
        return r;
    if (kind == GAD_SCALER_QUANTILE) {
        if ((r = knots_init(&k, n, dim)) != 0)
            return r;
        fit_curves(n, dim, x, ld, &m, &k);
    }
    for (size_t j = 0; j < dim; j++) {
        choose(kind, &m, j, &log[j], &offset[j], &range[j]);
        if (k.n && k.n[j] > 0) {
            log[j] = true;
            offset[j] = 0.0f;
            range[j] = 1.0f;
        }
        if (!isfinite(range[j])) /* the values are too far apart for measurements */
            return GAD_EINVAL;
    }
    return gad_scaler_new(kind, dim, log, offset, range, &(struct gad_scaler_knots){k.n, k.x, k.y},
                          ret);
}
