/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The arithmetic of scoring: dense layers on small batches, with bias and activation fused, for
 * weights that were padded once when the model was loaded.
 *
 * Every output element is one chain of multiply-adds over k = 0, 1, 2 ... from its start value. The
 * chain does not depend on the batch or on the row's place in it. So a row's score has the same
 * bits alone and in any batch. No BLAS guarantees this, so scoring does not use one. Between
 * instruction sets bits differ: with FMA each step rounds once, without it twice.
 *
 * Widths are padded to GAD_KERNEL_STEP columns with zero weights and zero bias; padded columns of
 * the result are 0. All pointers are 64-byte aligned and do not overlap. All leading dimensions are
 * multiples of GAD_KERNEL_STEP. Exception: x of dense(), which is read element by element, can
 * begin anywhere in a row.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GAD_KERNEL_STEP = 16 };

/* Start values of the accumulators: a bias for all rows (ld 0), or a matrix (n, out) with leading
 * dimension ld. */
struct gad_kernel_init {
    const float *p;
    size_t ld;
};

/* One layer's padded weights: y = leaky(x W + init). */
struct gad_kernel_weights {
    size_t in;      /* rows of w that are used */
    size_t out;     /* columns, a multiple of GAD_KERNEL_STEP */
    const float *w; /* (in, out) row-major */
    float slope;    /* of leaky(v) = v > 0 ? v : slope * v; 1 is linear, 0 is ReLU */
};

/* The non-zero elements of n rows: row i has n_index[i] of them, in columns index[i * ld ..],
 * ascending. */
struct gad_kernel_rows {
    const float *x; /* (n, ld) */
    size_t ld;
    const uint32_t *index;   /* (n, ld) */
    const uint32_t *n_index; /* (n) */
};

/* The kernels of one instruction set. */
struct gad_kernel {
    const char *name; /* "avx512", "avx2", "baseline" */

    /* Fills index (n, ld) and n_index (n) with the columns of the non-zero elements of x (n,
     * ld). The rest of a row of index is undefined. */
    void (*index)(size_t n, const float *x, size_t ld, uint32_t *index, uint32_t *n_index);

    /* y (n, out) = leaky(x W + init), x (n, ldx). */
    void (*dense)(size_t n, const float *x, size_t ldx, const struct gad_kernel_weights *w,
                  struct gad_kernel_init init, float *y, size_t ldy);

    /* The same from the non-zero elements only; the same bits as dense() for finite weights. */
    void (*sparse)(size_t n, const struct gad_kernel_rows *x, const struct gad_kernel_weights *w,
                   struct gad_kernel_init init, float *y, size_t ldy);

    /* d[i] = sum_j |a[i,j] - b[i,j]| over (n, ld), and the sum of squares of the differences. */
    void (*distance1)(size_t n, const float *a, const float *b, size_t ld, float *d);
    void (*distance2)(size_t n, const float *a, const float *b, size_t ld, float *d);

    /* d[i] = sum_j u^2 / (1 + u^2 / bound) over (n, ld) of u: each part is at most bound. */
    void (*bounded)(size_t n, const float *u, size_t ld, float bound, float *d);

    /* The next two are for gradients, over n floats, n a multiple of GAD_KERNEL_STEP. */

    /* d = scale * sign(a - b), 0 where they are equal: the gradient of distance1() by a. */
    void (*sign)(size_t n, const float *a, const float *b, float scale, float *d);

    /* dy *= leaky'(x), from y = leaky(x). */
    void (*leaky_back)(size_t n, const float *y, float slope, float *dy);
};

/* The fastest that this processor can run; never NULL, never changes. */
const struct gad_kernel *gad_kernel_best(void);

/* The i-th that this processor can run, fastest first; NULL after the last. Tests run each of
 * them. */
const struct gad_kernel *gad_kernel_at(size_t i);
