/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Conditional models: nets that read y, the one-hot group of one categorical column, besides their
 * other input. y is a part of the row that is scored; the checkpoint names the column.
 *
 * The first layer of such a net reads [other, y]. It is split between the two: the part of y is
 * computed once, from the elements in the row, and the accumulators of the other part start with
 * it. So nothing is copied, and a search that changes the other part never reads y again.
 */

#include <stddef.h>

#include "lib/base/err.h"
#include "models/chain.h"

struct gad_condition {
    size_t first, n; /* elements of a row; n 0: no condition */
};

struct gad_conditional {
    struct gad_chain chain;      /* its first layer reads only the other input */
    struct gad_kernel_weights y; /* the first layer's rows for y, linear; not owned. in 0: none */
    size_t first;                /* of y in a row */
};

/**
 * gad_conditional_load() - loads one net that reads [in, y] from a checkpoint
 * @in, @out: as in gad_chain_load(), without y
 *
 * Returns as gad_chain_load(); GAD_EMISMATCH also if the net is no wider than y.
 */
int gad_conditional_load(const struct gad_checkpoint *c, const char *net,
                         const struct gad_condition *y, size_t in, size_t out,
                         struct gad_conditional *ret, struct gad_diag *d) GAD_MUST_CHECK;
void gad_conditional_deinit(struct gad_conditional *c);

/**
 * gad_conditional_start() - start values of the first layer's accumulators
 * @x:  (n, ldx) whole rows, with y
 * @to: (n, padded width of the first layer)
 *
 * With a condition the result points to @to, else to the bias.
 */
struct gad_kernel_init gad_conditional_start(const struct gad_conditional *c,
                                             const struct gad_kernel *k, size_t n, const float *x,
                                             size_t ldx, float *to);

/* All layers, as gad_chain_forward_kept(). */
void gad_conditional_forward_kept(const struct gad_conditional *c, const struct gad_kernel *k,
                                  struct gad_kernel_init start, size_t n, const float *x,
                                  size_t ldx, float *hidden, size_t ld, float *y);

/* All layers; @tmp and @y as in gad_chain_forward(). */
void gad_conditional_forward(const struct gad_conditional *c, const struct gad_kernel *k,
                             struct gad_kernel_init start, size_t n, const float *x, size_t ldx,
                             float *const tmp[2], float *y);
