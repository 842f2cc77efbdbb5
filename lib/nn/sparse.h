/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Rows that are mostly zeros: a KDD99 feature vector has 21 non-zero elements of 121; the others
 * are one-hot categories that do not apply. The first layers of a network then need a sixth of
 * their multiplications, forward and for the gradient of their weights.
 *
 * An index is attached to a matrix (gad_mat.sparse) and lists the non-zero columns of its first
 * rows. The products of lib/nn/mat.h use it where it is present.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/nn/real.h"

struct gad_mat;

struct gad_sparse {
    size_t rows; /* indexed rows; 0 if they are too full for a gain */
    size_t rows_max, cols;
    uint16_t *index; /* (rows_max, cols): the first n[i] of row i are its non-zero columns */
    uint16_t *n;     /* (rows_max) */
};

/* An index for rows of at most 65,536 columns; GAD_ENOMEM or 0. Empty until the first scan. */
int gad_sparse_new(struct gad_sparse *s, size_t rows, size_t cols) GAD_MUST_CHECK;
void gad_sparse_free(struct gad_sparse *s);

/* Indexes rows 0 .. rows_max of x. Their elements must not change until the next scan. */
void gad_sparse_scan(struct gad_sparse *s, struct gad_mat x);

/* y (n, out) = x (n, in) w (in, out), for the first s->rows rows. */
void gad_sparse_mul_nn(const struct gad_sparse *s, struct gad_mat x, const gad_real *w,
                       struct gad_mat y);

/* dw (in, out) += x^T dy over the first s->rows rows. */
void gad_sparse_mul_tn(const struct gad_sparse *s, struct gad_mat x, struct gad_mat dy,
                       gad_real *dw);
