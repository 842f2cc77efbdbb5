/* SPDX-License-Identifier: Apache-2.0 */
#include "models/whiten.h"

#include <string.h>

#include "lib/base/diag.h"
#include "models/model.h"

static int load_map(const struct gad_checkpoint *c, const char *net, size_t width,
                    struct gad_chain *ret, struct gad_diag *d)
{
    int r = gad_chain_load(c, net, width, width, ret, d);

    if (r != 0)
        return r;
    if (ret->n_layers == 1 && ret->layer[0].w.slope == 1.0f)
        return 0;
    gad_chain_deinit(ret);
    return gad_fail(d, GAD_EMISMATCH, "net '%s' is not one linear layer", net);
}

int gad_whiten_load(const struct gad_checkpoint *c, size_t dim, size_t n_e, struct gad_whiten *ret,
                    struct gad_diag *d)
{
    struct gad_whiten w = {0};

    int r = load_map(c, "whiten_r", dim, &w.r, d);
    if (r != 0)
        return r;
    r = load_map(c, "whiten_e", n_e, &w.e, d);
    if (r != 0) {
        gad_chain_deinit(&w.r);
        return r;
    }
    *ret = w;
    return 0;
}

void gad_whiten_deinit(struct gad_whiten *w)
{
    gad_chain_deinit(&w->r);
    gad_chain_deinit(&w->e);
}

struct gad_whiten_parts gad_whiten_lay_out(const struct gad_whiten *w, size_t n,
                                           struct gad_scratch *ws)
{
    size_t r = gad_chain_width(&w->r), e = gad_chain_width(&w->e), width = r > e ? r : e;

    return (struct gad_whiten_parts){
        .difference = gad_scratch_take(ws, n, width),
        .whitened = gad_scratch_take(ws, n, width),
        .zero = gad_scratch_take(ws, n, width),
        .distance = gad_scratch_take(ws, n, 1),
    };
}

/* |map(a - b)|^2 / width of each row; the map's bias includes the mean. */
static void mean_square(const struct gad_chain *map, const struct gad_kernel *k, size_t n,
                        const float *a, const float *b, const struct gad_whiten_parts *s,
                        float *ret)
{
    const struct gad_layer *l = &map->layer[0];
    size_t ld = l->w.out;
    float scale = 1.0f / (float)l->out;

    for (size_t i = 0; i < n * ld; i++)
        s->difference[i] = a[i] - b[i];
    gad_layer_forward(l, k, n, s->difference, ld, s->whitened);
    k->distance2(n, s->whitened, s->zero, ld, ret);
    for (size_t i = 0; i < n; i++)
        ret[i] *= scale;
}

void gad_whiten_score(const struct gad_whiten *w, const struct gad_kernel *k, size_t n,
                      const float *x, const struct gad_errors *e, const struct gad_whiten_parts *s,
                      float *score)
{
    size_t r_width = gad_chain_width(&w->r), e_width = gad_chain_width(&w->e);

    memset(s->zero, 0, n * (r_width > e_width ? r_width : e_width) * sizeof(*s->zero));
    mean_square(&w->r, k, n, x, e->xhat, s, score);
    mean_square(&w->e, k, n, e->e, e->ehat, s, s->distance);
    for (size_t i = 0; i < n; i++)
        score[i] += s->distance[i];
}
