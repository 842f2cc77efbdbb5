/* SPDX-License-Identifier: Apache-2.0 */
#include "models/chain.h"

#include <assert.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "lib/checkpoint/checkpoint.h"
#include "models/model.h"

static_assert((int)GAD_LD_STEP == (int)GAD_KERNEL_STEP,
              "feature vectors are padded to the step of the kernels");

static int layer_alloc(size_t in, size_t out, struct gad_layer *l)
{
    size_t ld = gad_ld(out);

    *l = (struct gad_layer){.w = {.in = in, .out = ld}, .out = out};
    l->w.w =
        gad_calloc_aligned(in * ld, sizeof(float)); /* both at most GAD_CKPT_DIM_MAX: no overflow */
    l->bias = gad_calloc_aligned(ld, sizeof(float));
    if (l->w.w && l->bias)
        return 0;
    gad_layer_deinit(l);
    return GAD_ENOMEM;
}

void gad_layer_deinit(struct gad_layer *l)
{
    gad_free((void *)(uintptr_t)l->w.w);
    gad_free(l->bias);
    *l = (struct gad_layer){0};
}

/* The weights of a layer under construction. */
static float *weights(const struct gad_layer *l)
{
    return (float *)(uintptr_t)l->w.w;
}

static int slope_of(const struct gad_ckpt_layer *l, float *ret)
{
    switch (l->act) {
    case GAD_CKPT_LINEAR:
        *ret = 1.0f;
        return 0;
    case GAD_CKPT_RELU:
        *ret = 0.0f;
        return 0;
    case GAD_CKPT_LEAKY_RELU:
        *ret = l->slope;
        return 0;
    case GAD_CKPT_SIGMOID:
    case GAD_CKPT_TANH:
    case GAD_CKPT_N_ACTS:
        break;
    }
    return GAD_EMISMATCH;
}

static int load_layer(const struct gad_ckpt_layer *from, struct gad_layer *ret)
{
    float slope;
    int r = slope_of(from, &slope);
    if (r == 0)
        r = layer_alloc(from->in, from->out, ret);
    if (r != 0)
        return r;
    ret->w.slope = slope;
    for (size_t i = 0; i < from->in; i++)
        memcpy(weights(ret) + i * ret->w.out, from->weight + i * from->out,
               from->out * sizeof(float));
    memcpy(ret->bias, from->bias, from->out * sizeof(float));
    return 0;
}

int gad_chain_load(const struct gad_checkpoint *c, const char *name, size_t in, size_t out,
                   struct gad_chain *ret, struct gad_diag *d)
{
    const struct gad_ckpt_net *net = gad_checkpoint_net(c, name);
    struct gad_chain chain = {0};

    if (!net)
        return gad_fail(d, GAD_EMISMATCH, "model '%s' needs a net '%s'", c->model, name);
    if (net->n_layers == 0 || net->n_layers > GAD_CHAIN_LAYERS_MAX)
        return gad_fail(d, GAD_EMISMATCH, "net '%s' has %zu layers, 1 to %d can be scored", name,
                        net->n_layers, GAD_CHAIN_LAYERS_MAX);
    size_t net_in = net->layers[0].in, net_out = net->layers[net->n_layers - 1].out;
    if ((in && net_in != in) || (out && net_out != out))
        return gad_fail(d, GAD_EMISMATCH,
                        "net '%s' is %zu to %zu wide, model '%s' needs %zu to %zu", name, net_in,
                        net_out, c->model, in ? in : net_in, out ? out : net_out);

    for (; chain.n_layers < net->n_layers; chain.n_layers++) {
        int r = load_layer(&net->layers[chain.n_layers], &chain.layer[chain.n_layers]);
        if (r != 0) {
            size_t at = chain.n_layers;
            gad_chain_deinit(&chain);
            return gad_fail(d, r, "net '%s', layer %zu: %s", name, at,
                            r == GAD_EMISMATCH ? "its activation cannot be scored"
                                               : gad_strerror(r));
        }
    }
    *ret = chain;
    return 0;
}

void gad_chain_deinit(struct gad_chain *c)
{
    for (size_t i = 0; i < c->n_layers; i++)
        gad_layer_deinit(&c->layer[i]);
    *c = (struct gad_chain){0};
}

size_t gad_chain_in(const struct gad_chain *c)
{
    return c->layer[0].w.in;
}

size_t gad_chain_out(const struct gad_chain *c)
{
    return c->layer[c->n_layers - 1].out;
}

size_t gad_chain_width(const struct gad_chain *c)
{
    size_t width = 0;
    for (size_t i = 0; i < c->n_layers; i++)
        width = c->layer[i].w.out > width ? c->layer[i].w.out : width;
    return width;
}

void gad_layer_forward(const struct gad_layer *l, const struct gad_kernel *k, size_t n,
                       const float *x, size_t ldx, float *y)
{
    k->dense(n, x, ldx, &l->w, (struct gad_kernel_init){l->bias, 0}, y, l->w.out);
}

void gad_chain_forward(const struct gad_chain *c, const struct gad_kernel *k, size_t first,
                       size_t last, size_t n, const float *x, size_t ldx,
                       const struct gad_kernel_rows *sparse, float *const tmp[2], float *y)
{
    for (size_t i = first; i < last; i++) {
        const struct gad_layer *l = &c->layer[i];
        float *out = i + 1 == last ? y : tmp[i % 2];

        if (i == first && sparse)
            k->sparse(n, sparse, &l->w, (struct gad_kernel_init){l->bias, 0}, out, l->w.out);
        else
            gad_layer_forward(l, k, n, x, ldx, out);
        x = out;
        ldx = l->w.out;
    }
}

void gad_chain_forward_kept(const struct gad_chain *c, const struct gad_kernel *k, size_t first,
                            size_t n, const float *x, size_t ldx,
                            const struct gad_kernel_rows *sparse, float *hidden, size_t ld,
                            float *y)
{
    for (size_t i = first; i < c->n_layers; i++) {
        const struct gad_layer *l = &c->layer[i];
        struct gad_kernel_init bias = {l->bias, 0};
        bool is_last = i + 1 == c->n_layers;
        float *out = is_last ? y : hidden;
        size_t ldy = is_last ? l->w.out : ld;

        if (i == first && sparse)
            k->sparse(n, sparse, &l->w, bias, out, ldy);
        else
            k->dense(n, x, ldx, &l->w, bias, out, ldy);
        x = out;
        ldx = ldy;
        hidden += is_last ? 0 : l->w.out;
    }
}

int gad_layer_fold(const struct gad_layer *a, const struct gad_layer *b, struct gad_layer *ret)
{
    gad_assert(a->w.slope == 1.0f && a->out == b->w.in);
    int r = layer_alloc(a->w.in, b->out, ret);
    if (r != 0)
        return r;
    ret->w.slope = b->w.slope;
    for (size_t i = 0; i < a->w.in; i++)
        for (size_t j = 0; j < b->out; j++) {
            double sum = 0.0;
            for (size_t k = 0; k < a->out; k++)
                sum += (double)a->w.w[i * a->w.out + k] * (double)b->w.w[k * b->w.out + j];
            weights(ret)[i * ret->w.out + j] = (float)sum;
        }
    for (size_t j = 0; j < b->out; j++) {
        double sum = (double)b->bias[j];
        for (size_t k = 0; k < a->out; k++)
            sum += (double)a->bias[k] * (double)b->w.w[k * b->w.out + j];
        ret->bias[j] = (float)sum;
    }
    return 0;
}

int gad_layer_transpose(const struct gad_layer *l, struct gad_layer *ret)
{
    int r = layer_alloc(l->out, l->w.in, ret);
    if (r != 0)
        return r;
    ret->w.slope = 1.0f;
    for (size_t i = 0; i < l->w.in; i++)
        for (size_t j = 0; j < l->out; j++)
            weights(ret)[j * ret->w.out + i] = l->w.w[i * l->w.out + j];
    return 0;
}
