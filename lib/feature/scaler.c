/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/feature/scaler.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "lib/feature/curve.h"

enum {
    DIM_MAX = 4096, /* GAD_SCHEMA_DIM_MAX; the scaler does not depend on a schema */
    LOG_TABLE = 512 /* log1p of the whole numbers below this: every window count, most others */
};

/* Four lanes, available on every 64-bit machine: the same operations in the same order, so the same
 * bits. */
typedef float lanes __attribute__((vector_size(16)));
typedef int32_t lane_mask __attribute__((vector_size(16)));
enum { LANES = 4 };

struct gad_scaler {
    enum gad_scaler_kind kind;
    size_t dim, n_log;
    bool *log;
    float *offset, *range;
    uint16_t *log_at;          /* (n_log) marked elements */
    struct gad_curves *curves; /* NULL: no element has knots */
    float log1p[LOG_TABLE];
};

static const char *const kind_names[GAD_N_SCALERS] = {
    [GAD_SCALER_NONE] = "none",
    [GAD_SCALER_MINMAX] = "minmax",
    [GAD_SCALER_LOG_MINMAX] = "log-minmax",
    [GAD_SCALER_STANDARD] = "standard",
    [GAD_SCALER_QUANTILE] = "quantile",
};

const char *gad_scaler_kind_name(enum gad_scaler_kind k)
{
    return (unsigned)k < GAD_N_SCALERS ? kind_names[k] : "?";
}

int gad_scaler_kind_by_name(const char *name)
{
    for (int k = 0; k < GAD_N_SCALERS; k++)
        if (strcmp(kind_names[k], name) == 0)
            return k;
    return -1;
}

static int scaler_alloc(enum gad_scaler_kind kind, size_t dim, struct gad_scaler **ret)
{
    gad_cleanup(gad_scaler_freep) struct gad_scaler *s = gad_calloc(1, sizeof(*s));

    if (!s)
        return GAD_ENOMEM;
    s->kind = kind;
    s->dim = dim;
    s->log = gad_calloc(dim, sizeof(s->log[0]));
    s->log_at = gad_calloc(dim, sizeof(s->log_at[0]));
    s->offset = gad_calloc_aligned(dim, sizeof(s->offset[0]));
    s->range = gad_calloc_aligned(dim, sizeof(s->range[0]));
    if (!s->log || !s->log_at || !s->offset || !s->range)
        return GAD_ENOMEM;
    for (size_t i = 0; i < LOG_TABLE; i++)
        s->log1p[i] = log1pf((float)i);
    *ret = gad_steal(&s);
    return 0;
}

static void list_logs(struct gad_scaler *s)
{
    for (size_t j = 0; j < s->dim; j++)
        if (s->log[j])
            s->log_at[s->n_log++] = (uint16_t)j;
}

int gad_scaler_new(enum gad_scaler_kind kind, size_t dim, const bool *log, const float *offset,
                   const float *range, const struct gad_scaler_knots *knots,
                   struct gad_scaler **ret)
{
    gad_cleanup(gad_scaler_freep) struct gad_scaler *s = NULL;
    bool curves = knots && knots->n;

    if ((unsigned)kind >= GAD_N_SCALERS || (curves && kind != GAD_SCALER_QUANTILE))
        return GAD_EFORMAT;
    if (dim == 0 || dim > DIM_MAX)
        return GAD_ELIMIT;
    for (size_t j = 0; j < dim; j++)
        if (!isfinite(offset[j]) || !isfinite(range[j]) || range[j] <= 0.0f)
            return GAD_EFORMAT;
    int r = scaler_alloc(kind, dim, &s);
    if (r != 0)
        return r;
    memcpy(s->log, log, dim * sizeof(log[0]));
    memcpy(s->offset, offset, dim * sizeof(offset[0]));
    memcpy(s->range, range, dim * sizeof(range[0]));
    if (curves && (r = gad_curves_new(dim, knots, &s->curves)) != 0)
        return r;
    for (size_t j = 0; curves && j < dim; j++)
        if (knots->n[j] > 0 && !(log[j] && offset[j] == 0.0f && range[j] == 1.0f))
            return GAD_EFORMAT;
    list_logs(s);
    *ret = gad_steal(&s);
    return 0;
}

void gad_scaler_free(struct gad_scaler *s)
{
    if (!s)
        return;
    gad_curves_free(s->curves);
    gad_free(s->range);
    gad_free(s->offset);
    gad_free(s->log_at);
    gad_free(s->log);
    gad_free(s);
}

enum gad_scaler_kind gad_scaler_kind(const struct gad_scaler *s)
{
    return s->kind;
}

const bool *gad_scaler_log(const struct gad_scaler *s)
{
    return s->log;
}

const float *gad_scaler_offset(const struct gad_scaler *s)
{
    return s->offset;
}

const float *gad_scaler_range(const struct gad_scaler *s)
{
    return s->range;
}

struct gad_scaler_knots gad_scaler_knots(const struct gad_scaler *s)
{
    return s->curves ? gad_curves_knots(s->curves) : (struct gad_scaler_knots){NULL, NULL, NULL};
}

static float log_of(const struct gad_scaler *s, float x)
{
    if (x >= 0.0f && x < (float)LOG_TABLE) {
        unsigned i = (unsigned)x;
        if ((float)i == x)
            return s->log1p[i];
    }
    return log1pf(x);
}

/* Transforms a marked element before offset and range. */
static float transform(const struct gad_scaler *s, size_t j, float x)
{
    return s->curves && gad_curves_has(s->curves, j) ? gad_curves_apply(s->curves, j, x)
                                                     : log_of(s, x);
}

/* A NaN fails every comparison, so no mask keeps it and it becomes 0. */
static void linear(const float *offset, const float *range, float *x)
{
    const lanes most = {GAD_SCALED_MAX, GAD_SCALED_MAX, GAD_SCALED_MAX, GAD_SCALED_MAX};
    lanes v, o, r;

    memcpy(&v, x, sizeof(v));
    memcpy(&o, offset, sizeof(o));
    memcpy(&r, range, sizeof(r));
    v = (v - o) / r;
    lane_mask above = v > most, below = v < -most, inside = (v <= most) & (v >= -most);
    lane_mask bits =
        ((lane_mask)v & inside) | ((lane_mask)most & above) | ((lane_mask)-most & below);
    memcpy(x, &bits, sizeof(bits));
}

static float linear_one(float offset, float range, float x)
{
    float v = (x - offset) / range;
    if (v > GAD_SCALED_MAX)
        return GAD_SCALED_MAX;
    if (v < -GAD_SCALED_MAX)
        return -GAD_SCALED_MAX;
    return isnan(v) ? 0.0f : v;
}

void gad_scaler_apply(const struct gad_scaler *s, size_t n, float *x, size_t ld)
{
    for (size_t i = 0; i < n; i++, x += ld) {
        size_t j = 0;
        for (size_t k = 0; k < s->n_log; k++)
            x[s->log_at[k]] = transform(s, s->log_at[k], x[s->log_at[k]]);
        for (; j + LANES <= s->dim; j += LANES)
            linear(s->offset + j, s->range + j, x + j);
        for (; j < s->dim; j++)
            x[j] = linear_one(s->offset[j], s->range[j], x[j]);
    }
}

float gad_scaler_invert(const struct gad_scaler *s, size_t j, float y)
{
    gad_assert(j < s->dim);
    float x = y * s->range[j] + s->offset[j];
    if (s->curves && gad_curves_has(s->curves, j))
        x = gad_curves_invert(s->curves, j, x);
    else if (s->log[j])
        x = expm1f(x);
    if (isnan(x))
        return 0.0f;
    return x > FLT_MAX ? FLT_MAX : x < -FLT_MAX ? -FLT_MAX : x;
}
