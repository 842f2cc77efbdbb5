/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What every kind of layer is to a network: a description, tensors in the parameter table, and three
 * functions. The network applies dropout after a layer and undoes dropout and activation in the gradient
 * before it calls backward, so a kind does only its own product.
 *
 * A further kind (convolution, transposed convolution, batch norm) is an entry in the enum, one file with its
 * three functions and a line in gad_layer_ops(). Rows are flat, (channels * height * width); a kind reads its
 * geometry from fields that it adds to the description. What it has to remember between forward and backward
 * besides its output is a buffer in struct gad_tape, and state that is not trained is a tensor without a
 * gradient (lib/nn/param.h).
 */

#include "lib/nn/act.h"
#include "lib/nn/param.h"

enum gad_layer_kind { GAD_DENSE, GAD_N_LAYER_KINDS };

struct gad_layer_spec {
    enum gad_layer_kind kind;
    size_t in, out;
    enum gad_act act;
    float slope;    /* leaky ReLU */
    double dropout; /* rate after the activation, in training */
};

enum { GAD_LAYER_TENSORS_MAX = 4 };

struct gad_net_layer {
    struct gad_layer_spec spec;
    size_t tensor
        [GAD_LAYER_TENSORS_MAX]; /* offsets into a plane; dense: weight (in, out), bias (out) */
};

/* Which part of the gradient of a layer's input is wanted, and where. */
struct gad_input_grad {
    struct gad_mat to; /* gad_mat_none(): none of it */
    size_t first;      /* to (n, k) gets that of columns first .. first + k */
    gad_real beta;     /* to = beta to + gradient */
};

struct gad_layer_ops {
    /* Registers the tensors. */
    void (*add)(struct gad_net_layer *l, struct gad_params *p);

    /* y (n, out) = act(layer(x)), x (n, in); theta is the plane of the parameters. */
    void (*forward)(const struct gad_net_layer *l, const gad_real *theta, struct gad_mat x,
                    struct gad_mat y);

    /* dy (n, out) is the gradient before the activation. Overwrites the layer's tensors in plane grad unless
     * that is NULL. */
    void (*backward)(const struct gad_net_layer *l, const gad_real *theta, struct gad_mat x,
                     struct gad_mat dy, gad_real *grad, struct gad_input_grad dx);
};

const struct gad_layer_ops *gad_layer_ops(enum gad_layer_kind kind);

extern const struct gad_layer_ops gad_dense_ops;
