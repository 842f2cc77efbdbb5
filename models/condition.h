/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Conditional models: nets that see y, the one-hot group of one categorical column, besides their other input. y stands
 * in the row that is scored; the checkpoint says which of its elements they are.
 *
 * The first layer of such a net reads [other, y]. Here it is split where the two meet: what y adds is made once, from
 * where y stands in the row, and the accumulators of the other part start there. So there is nothing to copy, and a
 * search that moves the other part never reads y again.
 */

#include <stddef.h>

#include "lib/base/err.h"
#include "models/chain.h"

struct gad_condition {
    size_t first, n; /* elements of a row; n 0: no condition */
};

struct gad_conditional {
    struct gad_chain chain; /* its first layer reads the other input alone */
    struct gad_kernel_weights
        y;        /* that layer's rows for y, linear; not owned. in 0: no condition */
    size_t first; /* of y in a row */
};

/**
 * gad_conditional_load() - take one net that reads [in, y] out of a checkpoint
 * @in, @out: as gad_chain_load() has them, without y
 * Return: as gad_chain_load(); GAD_EMISMATCH also if the net is no wider than y.
 */
int gad_conditional_load(const struct gad_checkpoint *c, const char *net,
                         const struct gad_condition *y, size_t in, size_t out,
                         struct gad_conditional *ret, struct gad_diag *d) GAD_MUST_CHECK;
void gad_conditional_deinit(struct gad_conditional *c);

/**
 * gad_conditional_start() - where the first layer's accumulators start
 * @x:  (n, ldx) whole rows, of which y is taken
 * @to: (n, padded width of the first layer), which the result points to with a condition; else it is the bias
 */
struct gad_kernel_init gad_conditional_start(const struct gad_conditional *c,
                                             const struct gad_kernel *k, size_t n, const float *x,
                                             size_t ldx, float *to);

/* All layers; @tmp and @y as gad_chain_forward() has them. */
void gad_conditional_forward(const struct gad_conditional *c, const struct gad_kernel *k,
                             struct gad_kernel_init start, size_t n, const float *x, size_t ldx,
                             float *const tmp[2], float *y);
