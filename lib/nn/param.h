/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Parameters: all tensors of all networks of a model in one allocation of five planes with the same
 * layout (values, gradients, Adam's two moments, moving average), and a table of their offsets. A
 * network owns a contiguous range, so an optimiser step is one loop.
 *
 *   table       weight | bias | weight | bias | ...
 *   value       [ encoder          | generator          | ...  ]
 *   grad, m, v, average: the same offsets
 *
 * A tensor whose gradient is never written is state: its gradient and moments stay 0, and Adam does
 * not change it (the running moments of a batch norm would be such tensors).
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/nn/real.h"

struct gad_rng;

enum { GAD_PARAM_TENSORS_MAX = 64, GAD_PARAM_ALIGN = 16 };

enum gad_param_kind { GAD_PARAM_WEIGHT, GAD_PARAM_BIAS };

struct gad_param {
    enum gad_param_kind kind;
    size_t at, rows, cols; /* (rows, cols) row-major at value[at]; a bias is (1, out) */
};

struct gad_range {
    size_t at, n;
};

struct gad_params {
    size_t n_tensors, size; /* size: reals in a plane */
    struct gad_param tensor[GAD_PARAM_TENSORS_MAX];
    gad_real *value, *grad, *m, *v, *average; /* value owns the allocation */
};

/* Registers a tensor after the others and returns its offset. Only before gad_params_alloc(). */
size_t gad_params_add(struct gad_params *p, enum gad_param_kind kind, size_t rows, size_t cols);

/* GAD_ENOMEM or 0; all planes zero. */
int gad_params_alloc(struct gad_params *p) GAD_MUST_CHECK;
void gad_params_deinit(struct gad_params *p);

/* From the first tensor of range a to the last of range b. */
struct gad_range gad_range_join(struct gad_range a, struct gad_range b);

/* Weights U(-l, l) with l = sqrt(6 / (rows + cols)) (Glorot and Bengio 2010, eq. 16), biases 0,
 * for the tensors within r. */
void gad_init_xavier(struct gad_params *p, struct gad_range r, struct gad_rng *rng);
