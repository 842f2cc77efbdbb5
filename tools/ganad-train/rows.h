/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Rows of a table as the networks read them, vectorised by the schema and scaled by a scaler that
 * is fitted to the training rows. Also scores of such rows by networks that are not in a checkpoint
 * yet.
 *
 * A scorer does what models/detector.h does after it has vectorised and scaled, with the same bits
 * (a score does not depend on the rows beside it). It is needed because a checkpoint contains
 * quantiles and self-test records of scores that exist only once the networks do.
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
    float *x, *held_out, *test; /* training, calibration and test rows, each (n, ld) */
};

/* Sets the schema and the leading dimension, which do not depend on the data. */
int rows_init(struct rows *r) GAD_MUST_CHECK;
void rows_deinit(struct rows *r);

/* Reads the training and calibration rows, not scaled yet, and fits the scaler to the training
 * rows. */
int rows_read(struct rows *r, const struct gad_table *t, const struct gad_split *s,
              enum gad_scaler_kind kind, struct gad_diag *d) GAD_MUST_CHECK;

/* Scales the training and calibration rows. */
void rows_scale(struct rows *r, const struct gad_split *s);

/* Reads the n test rows, scaled. */
int rows_test(struct rows *r, const struct gad_table *t, size_t n, const uint32_t *row,
              struct gad_diag *d) GAD_MUST_CHECK;

/* Which of the test rows should score high: (n_test). The caller frees it with gad_free(). */
int rows_positive(const struct gad_table *t, const struct gad_split *s, bool **ret) GAD_MUST_CHECK;

/* @c: with model, nets, scaler.dim and score; may be freed after. */
int scorer_new(const struct gad_checkpoint *c, struct scorer **ret,
               struct gad_diag *d) GAD_MUST_CHECK;
void scorer_free(struct scorer *s);
GAD_DEFINE_CLEANUP(struct scorer, scorer_free);

/* @x: (n, gad_ld(dim)) scaled, 64-byte aligned. */
void scorer_score(struct scorer *s, size_t n, const float *x, float *score);

/* Mean of |x - xhat| over all elements of all rows; 0 for no rows. */
double scorer_residual(struct scorer *s, size_t n, const float *x);
