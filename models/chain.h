/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A chain of dense layers for scoring: the weights of a checkpoint's net, padded to whole vector
 * registers, and the forward pass with the kernels of lib/nn/kernel.h. Immutable after loading.
 */

#include <stddef.h>

#include "lib/base/err.h"
#include "lib/nn/kernel.h"

struct gad_checkpoint;
struct gad_diag;

enum { GAD_CHAIN_LAYERS_MAX = 8 };

struct gad_layer {
    struct gad_kernel_weights w; /* w.w is owned */
    float *bias;                 /* (w.out), owned */
    size_t out;                  /* before padding */
};

struct gad_chain {
    size_t n_layers;
    struct gad_layer layer[GAD_CHAIN_LAYERS_MAX];
};

/**
 * gad_chain_load() - loads one net of a checkpoint
 * @in, @out: what the model needs; 0: anything
 *
 * Returns 0; GAD_ENOMEM; GAD_EMISMATCH with @d if the net is missing, has more than
 * GAD_CHAIN_LAYERS_MAX layers or other widths, or an activation that scoring does not support
 * (sigmoid, tanh). On failure @ret is untouched.
 */
int gad_chain_load(const struct gad_checkpoint *c, const char *net, size_t in, size_t out,
                   struct gad_chain *ret, struct gad_diag *d) GAD_MUST_CHECK;
void gad_chain_deinit(struct gad_chain *c);

size_t gad_chain_in(const struct gad_chain *c);
size_t gad_chain_out(const struct gad_chain *c);
size_t gad_chain_width(const struct gad_chain *c); /* largest padded width of its layers */

/**
 * gad_chain_forward() - layers first .. last-1
 * @x:     (n, ldx); or NULL: the input rows are in @sparse
 * @tmp:   two buffers of n * gad_chain_width()
 * @y:     (n, padded width of layer last-1); may not be one of @tmp
 */
void gad_chain_forward(const struct gad_chain *c, const struct gad_kernel *k, size_t first,
                       size_t last, size_t n, const float *x, size_t ldx,
                       const struct gad_kernel_rows *sparse, float *const tmp[2], float *y);

/**
 * gad_chain_forward_kept() - layers first to the last one, and what the hidden ones computed
 * @x, @ldx, @sparse: as in gad_chain_forward()
 * @hidden: (n, ld): the outputs of all layers but the last, side by side, each padded
 * @y:      (n, padded width of the last layer)
 */
void gad_chain_forward_kept(const struct gad_chain *c, const struct gad_kernel *k, size_t first,
                            size_t n, const float *x, size_t ldx,
                            const struct gad_kernel_rows *sparse, float *hidden, size_t ld,
                            float *y);

/* y (n, l->w.out) = leaky(x W + bias): one layer. */
void gad_layer_forward(const struct gad_layer *l, const struct gad_kernel *k, size_t n,
                       const float *x, size_t ldx, float *y);

/* y = b(a(x)) for a linear a as one layer, folded in double. 0 or GAD_ENOMEM. */
int gad_layer_fold(const struct gad_layer *a, const struct gad_layer *b,
                   struct gad_layer *ret) GAD_MUST_CHECK;

/* y = x W^T, for gradients backward through @l. 0 or GAD_ENOMEM. */
int gad_layer_transpose(const struct gad_layer *l, struct gad_layer *ret) GAD_MUST_CHECK;
void gad_layer_deinit(struct gad_layer *l);
