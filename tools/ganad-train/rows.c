/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/rows.h"

#include <math.h>

#include "lib/base/diag.h"
#include "lib/checkpoint/checkpoint.h"
#include "lib/dataset/split.h"
#include "lib/dataset/table.h"
#include "lib/feature/schema.h"
#include "lib/record/record.h"
#include "models/model.h"

int rows_init(struct rows *r)
{
    *r = (struct rows){0};
    int err = gad_schema_new_egbad(&r->schema);
    if (err == 0)
        r->ld = gad_ld(gad_schema_dim(r->schema));
    return err;
}

void rows_deinit(struct rows *r)
{
    gad_free(r->x);
    gad_free(r->held_out);
    gad_free(r->test);
    gad_scaler_free(r->scaler);
    gad_schema_free(r->schema);
    *r = (struct rows){0};
}

static int vectors(const struct rows *r, const struct gad_table *t, size_t n, const uint32_t *row,
                   float **ret)
{
    float *x = gad_calloc_aligned(n ? n : 1, r->ld * sizeof(*x));
    if (!x)
        return GAD_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        struct gad_record rec;
        gad_table_record(t, row[i], &rec);
        (void)gad_vectorize(r->schema, 1, &rec, x + i * r->ld, r->ld);
    }
    *ret = x;
    return 0;
}

int rows_read(struct rows *r, const struct gad_table *t, const struct gad_split *s,
              enum gad_scaler_kind kind, struct gad_diag *d)
{
    int err = vectors(r, t, s->n_train, s->train, &r->x);
    if (err == 0)
        err = vectors(r, t, s->n_calibration, s->calibration, &r->held_out);
    if (err != 0)
        return gad_fail(d, err, "no memory for %zu rows", s->n_train + s->n_calibration);
    return gad_scaler_fit(kind, s->n_train, gad_schema_dim(r->schema), r->x, r->ld, &r->scaler);
}

void rows_scale(struct rows *r, const struct gad_split *s)
{
    gad_scaler_apply(r->scaler, s->n_train, r->x, r->ld);
    gad_scaler_apply(r->scaler, s->n_calibration, r->held_out, r->ld);
}

int rows_test(struct rows *r, const struct gad_table *t, size_t n, const uint32_t *row,
              struct gad_diag *d)
{
    int err = vectors(r, t, n, row, &r->test);
    if (err != 0)
        return gad_fail(d, err, "no memory for %zu rows", n);
    gad_scaler_apply(r->scaler, n, r->test, r->ld);
    return 0;
}

int rows_positive(const struct gad_table *t, const struct gad_split *s, bool **ret)
{
    bool *positive = gad_calloc(s->n_test ? s->n_test : 1, sizeof(*positive));

    if (!positive)
        return GAD_ENOMEM;
    for (size_t i = 0; i < s->n_test; i++)
        positive[i] = gad_table_is_normal(t, s->test[i]) == s->positive_is_normal;
    *ret = positive;
    return 0;
}

enum { TILE = 256 };

struct scorer {
    const struct gad_model_ops *ops;
    struct gad_model *model;
    size_t dim, ld;
    float *ws, *xhat; /* for TILE rows */
};

void scorer_free(struct scorer *s)
{
    if (!s)
        return;
    if (s->model)
        s->ops->free(s->model);
    gad_free(s->ws);
    gad_free(s->xhat);
    gad_free(s);
}

int scorer_new(const struct gad_checkpoint *c, struct scorer **ret, struct gad_diag *d)
{
    gad_cleanup(scorer_freep) struct scorer *s = gad_calloc(1, sizeof(*s));
    if (!s)
        return GAD_ENOMEM;
    s->ops = gad_model_find(c->model);
    if (!s->ops)
        return gad_fail(d, GAD_EUNKNOWN, "no model '%s' in this program", c->model);
    s->dim = c->scaler.dim;
    s->ld = gad_ld(s->dim);
    int err = s->ops->load(c, &s->model, d);
    if (err != 0)
        return err;
    s->ws = gad_calloc_aligned(s->ops->workspace(s->model, TILE), sizeof(*s->ws));
    s->xhat = gad_calloc_aligned(TILE * s->ld, sizeof(*s->xhat));
    if (!s->ws || !s->xhat)
        return GAD_ENOMEM;
    *ret = gad_steal(&s);
    return 0;
}

void scorer_score(struct scorer *s, size_t n, const float *x, float *score)
{
    for (size_t i = 0; i < n; i += TILE) {
        size_t m = n - i < TILE ? n - i : TILE;
        s->ops->score(s->model, m, x + i * s->ld, s->ws, score + i);
    }
}

double scorer_residual(struct scorer *s, size_t n, const float *x)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i += TILE) {
        size_t m = n - i < TILE ? n - i : TILE;
        const float *tile = x + i * s->ld;
        s->ops->reconstruct(s->model, m, tile, s->ws, s->xhat);
        for (size_t r = 0; r < m; r++)
            for (size_t j = 0; j < s->dim; j++)
                sum += fabs((double)tile[r * s->ld + j] - (double)s->xhat[r * s->ld + j]);
    }
    return n == 0 ? 0.0 : sum / (double)n / (double)s->dim;
}
