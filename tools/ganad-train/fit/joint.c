/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/fit/joint.h"

#include <string.h>

#include "lib/base/diag.h"
#include "models/joint.h"
#include "models/joint_fit.h"
#include "models/model.h"

enum { TILE = GAD_JOINT_FIT_TILE };

void joint_deinit(struct joint *j)
{
    gad_free(j->nets);
    gad_free(j->mem);
    *j = (struct joint){0};
}

typedef void (*add_function)(struct gad_joint_fit *f, size_t n, const float *v);

static void add_rows(const struct gad_model_ops *ops, const struct gad_model *m, size_t dim,
                     size_t n, const float *x, float *ws, struct gad_joint_fit *f, add_function add)
{
    for (size_t i = 0; i < n; i += TILE) {
        size_t rows = n - i < TILE ? n - i : TILE;
        add(f, rows, ops->joint(m, rows, x + i * gad_ld(dim), ws));
    }
}

static int collect(const struct gad_model_ops *ops, const struct gad_model *m, size_t dim, size_t n,
                   const float *x, struct gad_joint_fit **ret)
{
    gad_cleanup(gad_joint_fit_freep) struct gad_joint_fit *f = NULL;
    gad_cleanup(gad_freep) float *ws = gad_calloc_aligned(ops->workspace(m, TILE), sizeof(*ws));

    if (!ws || gad_joint_fit_new(ops->joint_layout(m), &f) != 0)
        return GAD_ENOMEM;
    add_rows(ops, m, dim, n, x, ws, f, gad_joint_fit_moments);
    add_rows(ops, m, dim, n, x, ws, f, gad_joint_fit_products);
    *ret = gad_steal(&f);
    return 0;
}

static int add_net(struct joint *j, struct gad_checkpoint *c, size_t width, struct gad_joint_fit *f,
                   struct gad_diag *d)
{
    j->mem = gad_calloc(width + 1, width * sizeof(*j->mem)); /* widths are capped: no overflow */
    j->nets = gad_calloc(c->n_nets + 1, sizeof(*j->nets));
    if (!j->mem || !j->nets)
        return GAD_ENOMEM;
    float *bias = j->mem + width * width;
    int err = gad_joint_fit_finish(f, j->mem, bias, d);
    if (err != 0)
        return err;
    j->layer = (struct gad_ckpt_layer){.kind = GAD_CKPT_DENSE,
                                       .act = GAD_CKPT_LINEAR,
                                       .in = (uint32_t)width,
                                       .out = (uint32_t)width,
                                       .weight = j->mem,
                                       .bias = bias};
    memcpy(j->nets, c->nets, c->n_nets * sizeof(*j->nets));
    j->nets[c->n_nets++] =
        (struct gad_ckpt_net){.name = "joint", .n_layers = 1, .layers = &j->layer};
    c->nets = j->nets;
    c->score.kind = "joint";
    c->score.weight = 0.0f;
    return 0;
}

int joint_fit(struct joint *j, struct gad_checkpoint *c, size_t n, const float *x,
              struct gad_diag *d)
{
    const struct gad_model_ops *ops = gad_model_find(c->model);
    gad_cleanup(gad_joint_fit_freep) struct gad_joint_fit *f = NULL;
    struct gad_model *m = NULL;

    if (!ops || !ops->joint)
        return gad_fail(d, GAD_EINVAL, "model '%s' has no score 'joint'", c->model);
    int err = ops->load(c, &m, d);
    if (err != 0)
        return err;
    err = collect(ops, m, c->scaler.dim, n, x, &f);
    size_t width = ops->joint_layout(m)->n;
    ops->free(m);
    return err != 0 ? err : add_net(j, c, width, f, d);
}
