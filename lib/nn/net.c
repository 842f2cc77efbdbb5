/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/nn/net.h"

struct layer_ops {
    /* Registers the tensors. */
    void (*add)(struct gad_net_layer *l, struct gad_params *p);

    /* y (n, out) = act(layer(x)), x (n, in); theta is the plane of the parameters. */
    void (*forward)(const struct gad_net_layer *l, const gad_real *theta, struct gad_mat x,
                    struct gad_mat y);

    /* dy (n, out) is the gradient before the activation. Overwrites the layer's tensors in plane
     * grad unless that is NULL. */
    void (*backward)(const struct gad_net_layer *l, const gad_real *theta, struct gad_mat x,
                     struct gad_mat dy, gad_real *grad, struct gad_input_grad dx);
};

enum { WEIGHT, BIAS };

static void dense_add(struct gad_net_layer *l, struct gad_params *p)
{
    l->tensor[WEIGHT] = gad_params_add(p, GAD_PARAM_WEIGHT, l->spec.in, l->spec.out);
    l->tensor[BIAS] = gad_params_add(p, GAD_PARAM_BIAS, 1, l->spec.out);
}

static void dense_forward(const struct gad_net_layer *l, const gad_real *theta, struct gad_mat x,
                          struct gad_mat y)
{
    gad_mat_mul_nn(x, theta + l->tensor[WEIGHT], y);
    gad_act_forward(l->spec.act, (gad_real)l->spec.slope, theta + l->tensor[BIAS], y);
}

static void dense_backward(const struct gad_net_layer *l, const gad_real *theta, struct gad_mat x,
                           struct gad_mat dy, gad_real *grad, struct gad_input_grad dx)
{
    if (grad) {
        gad_mat_mul_tn(x, dy, grad + l->tensor[WEIGHT]);
        gad_act_bias_grad(dy, grad + l->tensor[BIAS]);
    }
    if (dx.to.v) {
        gad_assert(dx.first <= l->spec.in && dx.to.cols <= l->spec.in - dx.first);
        gad_mat_mul_nt(dy, theta + l->tensor[WEIGHT] + dx.first * l->spec.out, dx.beta, dx.to);
    }
}

static const struct layer_ops layer_ops[GAD_N_LAYER_KINDS] = {
    [GAD_DENSE] = {dense_add, dense_forward, dense_backward},
};

void gad_net_init(struct gad_net *net, size_t n_layers, const struct gad_layer_spec *spec,
                  struct gad_params *p)
{
    gad_assert(n_layers > 0 && n_layers <= GAD_NET_LAYERS_MAX);
    *net = (struct gad_net){.n_layers = n_layers, .range.at = p->size};
    for (size_t i = 0; i < n_layers; i++) {
        gad_assert(i == 0 || spec[i].in == spec[i - 1].out);
        net->layer[i].spec = spec[i];
        layer_ops[spec[i].kind].add(&net->layer[i], p);
    }
    net->range.n = p->size - net->range.at;
}

/* Pieces of one allocation, on 64-byte boundaries. With p NULL only the size is counted. */
struct arena {
    unsigned char *p;
    size_t used;
};

static void *take(struct arena *a, size_t n, size_t size)
{
    void *p = a->p ? a->p + a->used : NULL;
    size_t len;

    gad_assert(gad_mul_size(n, size, &len) && len < SIZE_MAX / 1024);
    a->used += (len + 63) / 64 * 64;
    return p;
}

static void lay_out(struct gad_tape *t, const struct gad_net *net, size_t rows, struct arena *a,
                    struct gad_mat out)
{
    size_t widest = 0;

    t->rows = rows;
    for (size_t i = 0; i < net->n_layers; i++) {
        const struct gad_layer_spec *s = &net->layer[i].spec;

        widest = s->in > widest ? s->in : widest;
        if (i + 1 == net->n_layers && out.v)
            t->y[i] = out;
        else
            t->y[i] = gad_mat(take(a, rows * s->out, sizeof(gad_real)), rows, s->out);
        t->mask[i] = NULL;
        if (s->dropout > 0) /* gad_dropout_draw() writes whole steps */
            t->mask[i] = take(a, rows * s->out + GAD_DROPOUT_STEP, sizeof(uint16_t));
    }
    for (int k = 0; k < 2; k++)
        t->dy[k] = take(a, rows * widest, sizeof(gad_real));
}

int gad_tape_new(struct gad_tape *t, const struct gad_net *net, size_t rows, struct gad_mat out)
{
    struct gad_tape counted;
    struct arena a = {NULL, 0};

    gad_assert(!out.v || (out.rows == rows && out.cols == gad_net_out(net)));
    lay_out(&counted, net, rows, &a, out);
    a = (struct arena){gad_calloc_aligned(a.used, 1), 0};
    if (!a.p)
        return GAD_ENOMEM;
    lay_out(t, net, rows, &a, out);
    t->mem = a.p;
    return 0;
}

void gad_tape_free(struct gad_tape *t)
{
    gad_free(t->mem);
    t->mem = NULL;
}

struct gad_mat gad_tape_out(const struct gad_tape *t, const struct gad_net *net)
{
    return t->y[net->n_layers - 1];
}

struct gad_tape gad_tape_rows(const struct gad_tape *t, const struct gad_net *net, size_t first,
                              size_t n)
{
    struct gad_tape part = *t;

    part.rows = n;
    part.mem = NULL;
    for (size_t i = 0; i < net->n_layers; i++) {
        part.y[i] = gad_mat_rows(t->y[i], first, n);
        if (t->mask[i])
            part.mask[i] = t->mask[i] + first * net->layer[i].spec.out;
    }
    return part;
}

void gad_net_forward(const struct gad_net *net, const gad_real *theta, struct gad_mat x,
                     enum gad_dropout dropout, struct gad_dropout_rng *rng, struct gad_tape *t)
{
    gad_assert(x.rows == t->rows && x.cols == gad_net_in(net));
    for (size_t i = 0; i < net->n_layers; i++) {
        const struct gad_net_layer *l = &net->layer[i];

        layer_ops[l->spec.kind].forward(l, theta, i ? t->y[i - 1] : x, t->y[i]);
        if (!t->mask[i] || dropout == GAD_DROPOUT_OFF)
            continue;
        if (dropout == GAD_DROPOUT_DRAW)
            gad_dropout_draw(rng, t->rows * l->spec.out, t->mask[i]);
        gad_dropout_apply(l->spec.dropout, t->mask[i], t->y[i]);
    }
}

void gad_net_backward(const struct gad_net *net, const gad_real *theta, struct gad_mat x,
                      const struct gad_tape *t, struct gad_mat dy, gad_real *grad,
                      struct gad_input_grad dx)
{
    gad_assert(x.rows == t->rows && dy.rows == t->rows && dy.cols == gad_net_out(net));
    for (size_t i = net->n_layers; i-- > 0;) {
        const struct gad_net_layer *l = &net->layer[i];
        gad_real keep = 1;
        struct gad_input_grad below = dx;

        if (t->mask[i]) {
            keep = gad_dropout_keep(l->spec.dropout);
            gad_dropout_apply(l->spec.dropout, t->mask[i], dy);
        }
        gad_act_backward(l->spec.act, (gad_real)l->spec.slope, keep, t->y[i], dy);
        if (i)
            below = gad_input_grad(gad_mat(t->dy[i & 1], t->rows, l->spec.in));
        layer_ops[l->spec.kind].backward(l, theta, i ? t->y[i - 1] : x, dy, grad, below);
        dy = below.to;
    }
}
