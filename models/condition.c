/* SPDX-License-Identifier: Apache-2.0 */
#include "models/condition.h"

#include "lib/base/diag.h"
#include "lib/checkpoint/checkpoint.h"

int gad_conditional_load(const struct gad_checkpoint *c, const char *net,
                         const struct gad_condition *y, size_t in, size_t out,
                         struct gad_conditional *ret, struct gad_diag *d)
{
    struct gad_conditional made = {.first = y->first};

    int r = gad_chain_load(c, net, in ? in + y->n : 0, out, &made.chain, d);
    if (r != 0)
        return r;
    struct gad_kernel_weights *w = &made.chain.layer[0].w;
    if (w->in <= y->n) {
        size_t width = w->in;
        gad_conditional_deinit(&made);
        return gad_fail(d, GAD_EMISMATCH, "net '%s' reads %zu values, the condition has %zu", net,
                        width, y->n);
    }
    w->in -= y->n;
    made.y = (struct gad_kernel_weights){y->n, w->out, w->w + w->in * w->out, 1.0f};
    *ret = made;
    return 0;
}

void gad_conditional_deinit(struct gad_conditional *c)
{
    gad_chain_deinit(&c->chain);
    *c = (struct gad_conditional){0};
}

struct gad_kernel_init gad_conditional_start(const struct gad_conditional *c,
                                             const struct gad_kernel *k, size_t n, const float *x,
                                             size_t ldx, float *to)
{
    struct gad_kernel_init bias = {c->chain.layer[0].bias, 0};

    if (c->y.in == 0)
        return bias;
    k->dense(n, x + c->first, ldx, &c->y, bias, to, c->y.out);
    return (struct gad_kernel_init){to, c->y.out};
}

void gad_conditional_forward(const struct gad_conditional *c, const struct gad_kernel *k,
                             struct gad_kernel_init start, size_t n, const float *x, size_t ldx,
                             float *const tmp[2], float *y)
{
    const struct gad_layer *first = &c->chain.layer[0];
    float *out = c->chain.n_layers == 1 ? y : tmp[0];

    k->dense(n, x, ldx, &first->w, start, out, first->w.out);
    gad_chain_forward(&c->chain, k, 1, c->chain.n_layers, n, out, first->w.out, NULL, tmp, y);
}

void gad_conditional_forward_kept(const struct gad_conditional *c, const struct gad_kernel *k,
                                  struct gad_kernel_init start, size_t n, const float *x,
                                  size_t ldx, float *hidden, size_t ld, float *y)
{
    const struct gad_layer *first = &c->chain.layer[0];

    if (c->chain.n_layers == 1) {
        k->dense(n, x, ldx, &first->w, start, y, first->w.out);
        return;
    }
    k->dense(n, x, ldx, &first->w, start, hidden, ld);
    gad_chain_forward_kept(&c->chain, k, 1, n, hidden, ld, NULL, hidden + first->w.out, ld, y);
}
