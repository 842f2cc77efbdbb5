/* SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "lib/feature/scaler.h"
#include "lib/feature/schema.h"
#include "lib/record/reason.h"
#include "lib/record/record.h"
#include "models/detector_impl.h"
#include "models/model.h"

/* A reconstruction can leave the column's range; the value that is shown must not. */
static double into_range(enum gad_column col, double v)
{
    return fmin(fmax(v, 0.0), gad_columns[col].max);
}

static void explain_numbers(const struct gad_detector *det, const float *x, const float *xhat,
                            struct gad_reason reason[static GAD_N_COLUMNS])
{
    for (size_t j = 0; j < gad_schema_n_numeric(det->schema); j++) {
        struct gad_reason *r = &reason[gad_schema_numeric(det->schema, j)];
        r->share += fabs((double)x[j] - (double)xhat[j]);
        r->expected = into_range(r->column, (double)gad_scaler_invert(det->scaler, j, xhat[j]));
    }
}

/* The value of a column whose element in group g is j. */
static double value_of(const struct gad_detector *det, size_t g, enum gad_column col, size_t j)
{
    size_t n = gad_columns[col].kind == GAD_KIND_NAME ? gad_columns[col].n_names : 2;

    for (size_t v = 0; v < n; v++)
        if (gad_schema_element(det->schema, g, (double)v) == (int)j)
            return (double)v;
    return GAD_NAME_UNKNOWN;
}

static void explain_group(const struct gad_detector *det, size_t g, const float *x,
                          const float *xhat, struct gad_reason reason[static GAD_N_COLUMNS])
{
    size_t first, n, best;
    enum gad_column col = gad_schema_group_column(det->schema, g, &first, &n);

    best = first;
    for (size_t j = first; j < first + n; j++) {
        reason[col].share += fabs((double)x[j] - (double)xhat[j]);
        /* Compared unscaled: a scaler can shift elements of the group differently. */
        if (gad_scaler_invert(det->scaler, j, xhat[j]) >
            gad_scaler_invert(det->scaler, best, xhat[best]))
            best = j;
    }
    reason[col].expected = value_of(det, g, col, best);
}

/* Insertion sort of 41 items. Equal shares stay in column order. */
static void sort_by_share(struct gad_reason reason[static GAD_N_COLUMNS])
{
    for (size_t i = 1; i < GAD_N_COLUMNS; i++) {
        struct gad_reason r = reason[i];
        size_t j = i;
        for (; j > 0 && reason[j - 1].share < r.share; j--)
            reason[j] = reason[j - 1];
        reason[j] = r;
    }
}

static void normalise(struct gad_reason reason[static GAD_N_COLUMNS])
{
    double total = 0.0;

    for (size_t i = 0; i < GAD_N_COLUMNS; i++)
        total += reason[i].share;
    for (size_t i = 0; i < GAD_N_COLUMNS; i++)
        reason[i].share = total > 0.0 ? reason[i].share / total : 1.0 / GAD_N_COLUMNS;
}

/* Elements of a column in the feature vector: first .. first + n; n 0 for a column outside the
 * schema. */
static size_t elements_of(const struct gad_detector *det, enum gad_column col, size_t *ret_first)
{
    size_t n;

    for (size_t j = 0; j < gad_schema_n_numeric(det->schema); j++)
        if (gad_schema_numeric(det->schema, j) == col) {
            *ret_first = j;
            return 1;
        }
    for (size_t g = 0; g < gad_schema_n_groups(det->schema); g++)
        if (gad_schema_group_column(det->schema, g, ret_first, &n) == col)
            return n;
    return 0;
}

/*
 * Shares by the fall of the score with one column as the model expects it, for the columns with the
 * largest residuals, which come first in reason[]. A conditional model takes its condition from the
 * changed row. A column whose change does not lower the score has share 0. If no change lowers it,
 * the shares of the residuals stay.
 */
static void explain_by_change(const struct gad_detector *det, struct gad_workspace *ws, size_t ld,
                              struct gad_reason reason[static GAD_N_COLUMNS])
{
    double drop[GAD_EXPLAIN_ROWS] = {0}, total = 0.0;

    for (size_t k = 1; k < GAD_EXPLAIN_ROWS; k++) {
        float *row = ws->x + k * ld;
        size_t first = 0, n = elements_of(det, reason[k - 1].column, &first);
        memcpy(row, ws->x, ld * sizeof(*row));
        memcpy(row + first, ws->xhat + first, n * sizeof(*row));
    }
    det->ops->score(det->model, GAD_EXPLAIN_ROWS, ws->x, ws->scratch, ws->score);
    for (size_t k = 1; k < GAD_EXPLAIN_ROWS; k++) {
        double fall = (double)ws->score[0] - (double)ws->score[k];
        drop[k] = isfinite(fall) && fall > 0.0 ? fall : 0.0;
        total += drop[k];
    }
    if (!(total > 0.0) || !isfinite(total))
        return;
    for (size_t k = 0; k < GAD_N_COLUMNS; k++)
        reason[k].share = k + 1 < GAD_EXPLAIN_ROWS ? drop[k + 1] : 0.0;
}

/* Sorts the columns by their part of |x - xhat|, which is their share here. Leaves x and xhat in
 * the workspace. */
static void explain_residual(const struct gad_detector *det, struct gad_workspace *ws,
                             const struct gad_record *rec, size_t ld,
                             struct gad_reason reason[static GAD_N_COLUMNS])
{
    for (size_t i = 0; i < GAD_N_COLUMNS; i++)
        reason[i] = (struct gad_reason){
            .column = (enum gad_column)i, .value = rec->v[i], .expected = rec->v[i]};
    (void)gad_vectorize(det->schema, 1, rec, ws->x, ld);
    gad_scaler_apply(det->scaler, 1, ws->x, ld);
    det->ops->reconstruct(det->model, 1, ws->x, ws->scratch, ws->xhat);
    for (size_t j = 0; j < ld; j++) /* so that shares are finite with any weights */
        ws->xhat[j] = isfinite(ws->xhat[j]) ? ws->xhat[j] : GAD_SCALED_MAX;

    explain_numbers(det, ws->x, ws->xhat, reason);
    for (size_t g = 0; g < gad_schema_n_groups(det->schema); g++)
        explain_group(det, g, ws->x, ws->xhat, reason);
    sort_by_share(reason);
}

size_t gad_detector_explain(const struct gad_detector *det, struct gad_workspace *ws,
                            const struct gad_record *rec,
                            struct gad_reason reason[static GAD_N_COLUMNS])
{
    size_t ld = gad_ld(gad_schema_dim(det->schema));

    explain_residual(det, ws, rec, ld, reason);
    if (!det->ops->steps) { /* changed rows would cost 16 searches */
        explain_by_change(det, ws, ld, reason);
        sort_by_share(reason);
    }
    normalise(reason);
    return gad_reasons_order(reason, GAD_N_COLUMNS);
}

float gad_detector_score_without(const struct gad_detector *det, struct gad_workspace *ws,
                                 const struct gad_record *rec, uint64_t columns)
{
    struct gad_reason reason[GAD_N_COLUMNS];
    size_t first = 0;

    explain_residual(det, ws, rec, gad_ld(gad_schema_dim(det->schema)), reason);
    for (unsigned c = 0; c < GAD_N_COLUMNS; c++) {
        size_t n = columns >> c & 1 ? elements_of(det, (enum gad_column)c, &first) : 0;
        memcpy(ws->x + first, ws->xhat + first, n * sizeof(*ws->x));
    }
    det->ops->score(det->model, 1, ws->x, ws->scratch, ws->score);
    return isfinite(ws->score[0]) ? ws->score[0] : FLT_MAX;
}

struct gad_reason gad_detector_cause(const struct gad_detector *det, struct gad_workspace *ws,
                                     const struct gad_record *rec)
{
    struct gad_reason reason[GAD_N_COLUMNS];

    explain_residual(det, ws, rec, gad_ld(gad_schema_dim(det->schema)), reason);
    normalise(reason);
    (void)gad_reasons_order(reason, GAD_N_COLUMNS);
    return reason[0];
}
