/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/fit/whiten.h"

#include <string.h>

#include "lib/base/diag.h"
#include "models/model.h"
#include "models/whiten_fit.h"

enum { TILE = 256 };

/* Share of the mean variance that is added to all variances: errors that hardly vary would
 * otherwise get huge weights. */
#define RIDGE 3e-4

void whitening_deinit(struct whitening *w)
{
    gad_free(w->nets);
    gad_free(w->mem);
    *w = (struct whitening){0};
}

static int collect(const struct gad_model_ops *ops, const struct gad_model *m, size_t dim, size_t n,
                   const float *x, struct gad_whiten_fit **ret_r, struct gad_whiten_fit **ret_e)
{
    gad_cleanup(gad_whiten_fit_freep) struct gad_whiten_fit *r = NULL;
    gad_cleanup(gad_whiten_fit_freep) struct gad_whiten_fit *e = NULL;
    gad_cleanup(gad_freep) float *ws = gad_calloc_aligned(ops->workspace(m, TILE), sizeof(*ws));

    if (!ws || gad_whiten_fit_new(dim, &r) != 0)
        return GAD_ENOMEM;
    for (size_t i = 0; i < n; i += TILE) {
        size_t rows = n - i < TILE ? n - i : TILE;
        const float *tile = x + i * gad_ld(dim);
        struct gad_errors got;
        ops->errors(m, rows, tile, ws, &got);
        if (!e && gad_whiten_fit_new(got.n_e, &e) != 0)
            return GAD_ENOMEM;
        gad_whiten_fit_add(r, rows, tile, got.xhat, gad_ld(dim));
        gad_whiten_fit_add(e, rows, got.e, got.ehat, gad_ld(got.n_e));
    }
    *ret_r = gad_steal(&r);
    *ret_e = gad_steal(&e);
    return 0;
}

static int add_net(struct whitening *w, struct gad_checkpoint *c, size_t i, const char *name,
                   struct gad_whiten_fit *f, size_t width, float *mem, struct gad_diag *d)
{
    float *bias = mem + width * width;

    int err = gad_whiten_fit_finish(f, RIDGE, mem, bias, d);
    if (err != 0)
        return err;
    w->layer[i] = (struct gad_ckpt_layer){.kind = GAD_CKPT_DENSE,
                                          .act = GAD_CKPT_LINEAR,
                                          .in = (uint32_t)width,
                                          .out = (uint32_t)width,
                                          .weight = mem,
                                          .bias = bias};
    w->nets[c->n_nets + i] =
        (struct gad_ckpt_net){.name = name, .n_layers = 1, .layers = &w->layer[i]};
    return 0;
}

static int make_nets(struct whitening *w, struct gad_checkpoint *c, struct gad_whiten_fit *r,
                     struct gad_whiten_fit *e, struct gad_diag *d)
{
    size_t dim = c->scaler.dim, n_e = gad_whiten_fit_width(e), at = dim * dim + dim;

    /* widths are at most GAD_CKPT_DIM_MAX: no overflow */
    w->mem = gad_calloc(at + n_e * n_e + n_e, sizeof(*w->mem));
    w->nets = gad_calloc(c->n_nets + 2, sizeof(*w->nets));
    if (!w->mem || !w->nets)
        return GAD_ENOMEM;
    memcpy(w->nets, c->nets, c->n_nets * sizeof(*w->nets));
    int err = add_net(w, c, 0, "whiten_r", r, dim, w->mem, d);
    return err != 0 ? err : add_net(w, c, 1, "whiten_e", e, n_e, w->mem + at, d);
}

int whitening_fit(struct whitening *w, struct gad_checkpoint *c, size_t n, const float *x,
                  struct gad_diag *d)
{
    const struct gad_model_ops *ops = gad_model_find(c->model);
    struct gad_model *m = NULL;
    gad_cleanup(gad_whiten_fit_freep) struct gad_whiten_fit *r = NULL;
    gad_cleanup(gad_whiten_fit_freep) struct gad_whiten_fit *e = NULL;

    if (!ops || !ops->errors)
        return gad_fail(d, GAD_EINVAL, "model '%s' has no score 'whitened'", c->model);
    int err = ops->load(c, &m, d);
    if (err != 0)
        return err;
    err = collect(ops, m, c->scaler.dim, n, x, &r, &e);
    ops->free(m);
    if (err == 0)
        err = make_nets(w, c, r, e, d);
    if (err != 0)
        return err;
    c->nets = w->nets;
    c->n_nets += 2;
    c->score.kind = "whitened";
    c->score.weight = 0.0f;
    return 0;
}
