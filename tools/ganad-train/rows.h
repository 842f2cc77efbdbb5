/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Rows of a table as networks take them: vectorised by the schema, scaled by what the training rows are like.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/feature/scaler.h"

struct gad_checkpoint;
struct gad_diag;
struct gad_schema;
struct gad_split;
struct gad_table;
struct scorer;

struct rows {
    struct gad_schema *schema;
    struct gad_scaler *scaler;
    size_t ld;
    float *x, *held_out, *test; /* those that train, calibrate and test, each (n, ld) */
};

/* The schema and with it the leading dimension, which are known before the data are. */
int rows_init(struct rows *r) GAD_MUST_CHECK;
void rows_deinit(struct rows *r);

/* The rows that train and that calibrate, not scaled yet, and the scaler, which sees those that train only. */
int rows_read(struct rows *r, const struct gad_table *t, const struct gad_split *s,
              enum gad_scaler_kind kind, struct gad_diag *d) GAD_MUST_CHECK;

/* Scales what was read. */
void rows_scale(struct rows *r, const struct gad_split *s);

/* The (n) rows that test, scaled. */
int rows_test(struct rows *r, const struct gad_table *t, size_t n, const uint32_t *row,
              struct gad_diag *d) GAD_MUST_CHECK;

/* Which of the rows that test should score high: (n_test), the caller's (gad_free()). */
int rows_positive(const struct gad_table *t, const struct gad_split *s, bool **ret) GAD_MUST_CHECK;

/* @c: needs model, nets, scaler.dim and score; may be freed after. */
int scorer_new(const struct gad_checkpoint *c, struct scorer **ret,
               struct gad_diag *d) GAD_MUST_CHECK;
void scorer_free(struct scorer *s);
GAD_DEFINE_CLEANUP(struct scorer, scorer_free);

/* @x: (n, gad_ld(dim)) scaled, 64-byte aligned. */
void scorer_score(struct scorer *s, size_t n, const float *x, float *score);

/* Mean of |x - xhat| over all elements of all rows; 0 for no rows. */
double scorer_residual(struct scorer *s, size_t n, const float *x);
