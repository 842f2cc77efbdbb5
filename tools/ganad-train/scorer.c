/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/scorer.h"

#include <math.h>

#include "lib/base/diag.h"
#include "lib/checkpoint/checkpoint.h"
#include "models/model.h"

enum { TILE = 256 };

struct scorer {
    const struct gad_model_ops *ops;
    struct gad_model *model;
    size_t dim, ld;
    float *ws, *xhat; /* for TILE rows */
};

void scorer_free(struct scorer *s)
{
    if (!s)
        return;
    if (s->model)
        s->ops->free(s->model);
    gad_free(s->ws);
    gad_free(s->xhat);
    gad_free(s);
}

int scorer_new(const struct gad_checkpoint *c, struct scorer **ret, struct gad_diag *d)
{
    gad_cleanup(scorer_freep) struct scorer *s = gad_calloc(1, sizeof(*s));
    if (!s)
        return GAD_ENOMEM;
    s->ops = gad_model_find(c->model);
    if (!s->ops)
        return gad_fail(d, GAD_EUNKNOWN, "no model '%s' in this program", c->model);
    s->dim = c->scaler.dim;
    s->ld = gad_ld(s->dim);
    int err = s->ops->load(c, &s->model, d);
    if (err != 0)
        return err;
    s->ws = gad_calloc_aligned(s->ops->workspace(s->model, TILE), sizeof(*s->ws));
    s->xhat = gad_calloc_aligned(TILE * s->ld, sizeof(*s->xhat));
    if (!s->ws || !s->xhat)
        return GAD_ENOMEM;
    *ret = gad_steal(&s);
    return 0;
}

void scorer_score(struct scorer *s, size_t n, const float *x, float *score)
{
    for (size_t i = 0; i < n; i += TILE) {
        size_t m = n - i < TILE ? n - i : TILE;
        s->ops->score(s->model, m, x + i * s->ld, s->ws, score + i);
    }
}

double scorer_residual(struct scorer *s, size_t n, const float *x)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i += TILE) {
        size_t m = n - i < TILE ? n - i : TILE;
        const float *tile = x + i * s->ld;
        s->ops->reconstruct(s->model, m, tile, s->ws, s->xhat);
        for (size_t r = 0; r < m; r++)
            for (size_t j = 0; j < s->dim; j++)
                sum += fabs((double)tile[r * s->ld + j] - (double)s->xhat[r * s->ld + j]);
    }
    return n == 0 ? 0.0 : sum / (double)n / (double)s->dim;
}
