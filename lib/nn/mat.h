/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Matrices are views: (rows, cols) row-major with a leading dimension, on borrowed storage. So
 * features are concatenated and batches stacked without copies: producers write into column or row
 * ranges of one matrix, and gradients are read from the same ranges.
 *
 * The three products that dense layers need are here. Only mat.c uses BLAS.
 */

#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/nn/real.h"
#include "lib/nn/sparse.h"

struct gad_mat {
    gad_real *v; /* NULL: no matrix */
    size_t rows, cols, ld;
    const struct gad_sparse *sparse; /* index of its first rows, or NULL; borrowed */
};

static inline struct gad_mat gad_mat(gad_real *v, size_t rows, size_t cols)
{
    return (struct gad_mat){.v = v, .rows = rows, .cols = cols, .ld = cols};
}

static inline struct gad_mat gad_mat_none(void)
{
    return (struct gad_mat){.v = NULL};
}

static inline gad_real *gad_mat_row(struct gad_mat m, size_t i)
{
    return m.v + i * m.ld;
}

/* Rows first .. first + n. */
static inline struct gad_mat gad_mat_rows(struct gad_mat m, size_t first, size_t n)
{
    gad_assert(first <= m.rows && n <= m.rows - first);
    return (struct gad_mat){.v = m.v + first * m.ld,
                            .rows = n,
                            .cols = m.cols,
                            .ld = m.ld,
                            .sparse = first == 0 ? m.sparse : NULL};
}

/* Columns first .. first + n: for concatenated features. */
static inline struct gad_mat gad_mat_cols(struct gad_mat m, size_t first, size_t n)
{
    gad_assert(first <= m.cols && n <= m.cols - first);
    return (struct gad_mat){.v = m.v + first, .rows = m.rows, .cols = n, .ld = m.ld};
}

/* A zeroed matrix that owns its storage, rows on 64-byte boundaries; GAD_ENOMEM or 0.
 * gad_mat_free() accepts gad_mat_none(). */
int gad_mat_new(size_t rows, size_t cols, struct gad_mat *ret) GAD_MUST_CHECK;
void gad_mat_free(struct gad_mat *m);

/* Shapes are asserted. Weights are dense: leading dimension = columns. */

/* y (n, out) = x (n, in) w (in, out) */
void gad_mat_mul_nn(struct gad_mat x, const gad_real *w, struct gad_mat y);

/* dx (n, in) = dy (n, out) w (in, out)^T + beta dx. With w at a later row of the weights, dx is
 * the part of the columns from there on. */
void gad_mat_mul_nt(struct gad_mat dy, const gad_real *w, gad_real beta, struct gad_mat dx);

/* dw (in, out) = x (n, in)^T dy (n, out) */
void gad_mat_mul_tn(struct gad_mat x, struct gad_mat dy, gad_real *dw);

/* a (rows, cols) += b */
void gad_mat_add(struct gad_mat a, struct gad_mat b);

void gad_mat_zero(struct gad_mat a);
void gad_mat_copy(struct gad_mat to, struct gad_mat from);
