/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Rows that are mostly zeros: a KDD99 feature vector has 21 of 121 elements that are not, the rest being
 * one-hot categories that did not fire. The first layers of a network then need a sixth of their
 * multiplications, forward and for the gradient of their weights.
 *
 * An index is attached to a matrix (gad_mat.sparse) and says of its first rows where they are not zero; the
 * products of lib/nn/mat.h use it by themselves.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/nn/real.h"

struct gad_mat;

struct gad_sparse {
    size_t rows; /* that the index is about: 0 if they are too full to gain anything */
    size_t rows_max, cols;
    uint16_t *index; /* (rows_max, cols): the first n[i] of row i are its places */
    uint16_t *n;     /* (rows_max) */
};

/* For so many rows of so many columns, at most 65,536; GAD_ENOMEM or 0. Empty until the first scan. */
int gad_sparse_new(struct gad_sparse *s, size_t rows, size_t cols) GAD_MUST_CHECK;
void gad_sparse_free(struct gad_sparse *s);

/* Index rows 0 .. rows_max of x, whose elements must not change until the next scan. */
void gad_sparse_scan(struct gad_sparse *s, struct gad_mat x);

/* The s->rows first rows of y (n, out) = x (n, in) w (in, out). */
void gad_sparse_mul_nn(const struct gad_sparse *s, struct gad_mat x, const gad_real *w,
                       struct gad_mat y);

/* dw (in, out) += x^T dy over the s->rows first rows. */
void gad_sparse_mul_tn(const struct gad_sparse *s, struct gad_mat x, struct gad_mat dy,
                       gad_real *dw);
