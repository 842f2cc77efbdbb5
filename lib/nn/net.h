/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A network: a chain of layers over a range of the parameters. Networks are combined by views: one writes its
 * output where another reads its input, and batches that go through the same weights are stacked as rows.
 *
 *   x (n, in) -> y[0] -> y[1] -> ... -> y[last] (n, out)
 *
 * The tape keeps what backward needs; a step allocates nothing.
 */

#include "lib/nn/dropout.h"
#include "lib/nn/layer.h"

enum { GAD_NET_LAYERS_MAX = 8 };

struct gad_net {
    size_t n_layers;
    struct gad_net_layer layer[GAD_NET_LAYERS_MAX];
    struct gad_range range; /* its parameters */
};

/* Registers the layers' tensors in order; the in of each is the out of the one before. */
void gad_net_init(struct gad_net *net, size_t n_layers, const struct gad_layer_spec *spec,
                  struct gad_params *p);

size_t gad_net_in(const struct gad_net *net);
size_t gad_net_out(const struct gad_net *net);

struct gad_tape {
    size_t rows;
    struct gad_mat y[GAD_NET_LAYERS_MAX]; /* outputs, after dropout */
    uint16_t *mask[GAD_NET_LAYERS_MAX];   /* NULL for a layer without dropout */
    gad_real *dy[2];                      /* gradients on their way down, (rows, widest layer) */
    void *mem;                            /* of all of these; NULL in a tape that borrows */
};

/**
 * gad_tape_new() - for batches of exactly so many rows; the one allocation
 * @out: where the last layer writes, or gad_mat_none() for a place on the tape
 */
int gad_tape_new(struct gad_tape *t, const struct gad_net *net, size_t rows,
                 struct gad_mat out) GAD_MUST_CHECK;
void gad_tape_free(struct gad_tape *t);

/* The output of the last layer. */
struct gad_mat gad_tape_out(const struct gad_tape *t, const struct gad_net *net);

/* Rows first .. first + n of a tape, borrowed: to go back through a part of a stacked batch. */
struct gad_tape gad_tape_rows(const struct gad_tape *t, const struct gad_net *net, size_t first,
                              size_t n);

/* DRAW: new masks; KEEP: those on the tape, so that a loss can be evaluated again with the same ones. */
enum gad_dropout { GAD_DROPOUT_OFF, GAD_DROPOUT_DRAW, GAD_DROPOUT_KEEP };

/* @theta: plane of the parameters; @rng: for DRAW. */
void gad_net_forward(const struct gad_net *net, const gad_real *theta, struct gad_mat x,
                     enum gad_dropout dropout, struct gad_dropout_rng *rng, struct gad_tape *t);

/**
 * gad_net_backward() - gradients of what has dy (n, out) at the output
 * @x:     as forward had it; the masks on the tape are taken to be in force
 * @t:     from forward; a loss may go back through the same tape several times
 * @dy:    overwritten
 * @grad:  plane of gradients, this network's range overwritten; NULL if they are not wanted
 * @dx:    what of the input's gradient is wanted
 */
void gad_net_backward(const struct gad_net *net, const gad_real *theta, struct gad_mat x,
                      const struct gad_tape *t, struct gad_mat dy, gad_real *grad,
                      struct gad_input_grad dx);

/* All of it, replacing what was there. */
static inline struct gad_input_grad gad_input_grad(struct gad_mat to)
{
    return (struct gad_input_grad){.to = to};
}

/* All of it, added to what is there. */
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
