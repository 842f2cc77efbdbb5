/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A network: a chain of layers over a range of the parameters. Networks are combined by views: one
 * network writes its output where another reads its input, and batches that pass the same weights
 * are stacked as rows.
 *
 *   x (n, in) -> y[0] -> y[1] -> ... -> y[last] (n, out)
 *
 * The tape holds what backward needs. A step allocates nothing.
 *
 * A kind of layer is a description, tensors in the parameter table, and three functions in net.c.
 * The network applies dropout after a layer, and undoes dropout and activation in the gradient
 * before it calls backward, so a kind does only its own product. A further kind (convolution,
 * transposed convolution, batch norm) is an entry in the enum and its three functions. Rows are
 * flat, (channels * height * width); a kind reads its geometry from fields that it adds to the
 * description. What backward needs besides the output is a buffer in struct gad_tape. State that is
 * not trained is a tensor without a gradient (lib/nn/param.h).
 */

#include "lib/nn/act.h"
#include "lib/nn/dropout.h"
#include "lib/nn/param.h"

enum gad_layer_kind { GAD_DENSE, GAD_N_LAYER_KINDS };

struct gad_layer_spec {
    enum gad_layer_kind kind;
    size_t in, out;
    enum gad_act act;
    float slope;    /* leaky ReLU */
    double dropout; /* rate after the activation, in training */
};

enum { GAD_LAYER_TENSORS_MAX = 4, GAD_NET_LAYERS_MAX = 8 };

struct gad_net_layer {
    struct gad_layer_spec spec;
    /* Offsets into a plane. Dense: weight (in, out), bias (out). */
    size_t tensor[GAD_LAYER_TENSORS_MAX];
};

struct gad_net {
    size_t n_layers;
    struct gad_net_layer layer[GAD_NET_LAYERS_MAX];
    struct gad_range range; /* its parameters */
};

/* Registers the layers' tensors in order. The in of each layer is the out of the one before. */
void gad_net_init(struct gad_net *net, size_t n_layers, const struct gad_layer_spec *spec,
                  struct gad_params *p);

static inline size_t gad_net_in(const struct gad_net *net)
{
    return net->layer[0].spec.in;
}

static inline size_t gad_net_out(const struct gad_net *net)
{
    return net->layer[net->n_layers - 1].spec.out;
}

/* The part of the gradient of a network's input to compute, and where it is written. */
struct gad_input_grad {
    struct gad_mat to; /* gad_mat_none(): no part */
    size_t first;      /* to (n, k) receives that of columns first .. first + k */
    gad_real beta;     /* to = beta to + gradient */
};

struct gad_tape {
    size_t rows;
    struct gad_mat y[GAD_NET_LAYERS_MAX]; /* outputs, after dropout */
    uint16_t *mask[GAD_NET_LAYERS_MAX];   /* NULL for a layer without dropout */
    gad_real *dy[2]; /* gradients of a layer and of the one below, (rows, widest) */
    void *mem;       /* owns all of these; NULL in a tape that borrows */
};

/**
 * gad_tape_new() - a tape for batches of exactly @rows rows; one allocation
 * @out: where the last layer writes, or gad_mat_none() for memory of the tape
 */
int gad_tape_new(struct gad_tape *t, const struct gad_net *net, size_t rows,
                 struct gad_mat out) GAD_MUST_CHECK;
void gad_tape_free(struct gad_tape *t);

/* The output of the last layer. */
struct gad_mat gad_tape_out(const struct gad_tape *t, const struct gad_net *net);

/* Rows first .. first + n of a tape, borrowed: for backward through a part of a stacked batch. */
struct gad_tape gad_tape_rows(const struct gad_tape *t, const struct gad_net *net, size_t first,
                              size_t n);

/* DRAW: new masks; KEEP: those on the tape, to evaluate a loss again with the same masks. */
enum gad_dropout { GAD_DROPOUT_OFF, GAD_DROPOUT_DRAW, GAD_DROPOUT_KEEP };

/* @theta: plane of the parameters; @rng: for DRAW. */
void gad_net_forward(const struct gad_net *net, const gad_real *theta, struct gad_mat x,
                     enum gad_dropout dropout, struct gad_dropout_rng *rng, struct gad_tape *t);

/**
 * gad_net_backward() - gradients of a loss whose gradient at the output is dy (n, out)
 * @x:     as in forward; the masks on the tape are applied
 * @t:     from forward; several calls may use the same tape
 * @dy:    overwritten
 * @grad:  plane of gradients, this network's range overwritten; NULL: not computed
 * @dx:    the part of the input's gradient to compute
 */
void gad_net_backward(const struct gad_net *net, const gad_real *theta, struct gad_mat x,
                      const struct gad_tape *t, struct gad_mat dy, gad_real *grad,
                      struct gad_input_grad dx);

/* The whole gradient, replacing the old values. */
static inline struct gad_input_grad gad_input_grad(struct gad_mat to)
{
    return (struct gad_input_grad){.to = to};
}

/* The whole gradient, added to the old values. */
static inline struct gad_input_grad gad_input_grad_add(struct gad_mat to)
{
    return (struct gad_input_grad){.to = to, .beta = 1};
}

/* Columns first .. first + to.cols, replacing. */
static inline struct gad_input_grad gad_input_grad_cols(struct gad_mat to, size_t first)
{
    return (struct gad_input_grad){.to = to, .first = first};
}

static inline struct gad_input_grad gad_input_grad_none(void)
{
    return (struct gad_input_grad){.to = gad_mat_none()};
}
