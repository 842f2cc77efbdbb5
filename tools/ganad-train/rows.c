/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/rows.h"

#include "lib/base/diag.h"
#include "lib/base/mem.h"
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
