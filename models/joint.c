/* SPDX-License-Identifier: Apache-2.0 */
#include "models/joint.h"

#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "lib/checkpoint/checkpoint.h"
#include "models/chain.h"
#include "models/model.h"

/* Columns of the map that one product computes. Narrow ones skip more of the zeros below the
 * diagonal; four registers of 16 lanes keep the kernels busy. */
enum { BLOCK = 64 };

#define BOUND 10.0f

void gad_joint_add(struct gad_joint_layout *l, size_t width)
{
    gad_assert(l->n_parts < GAD_JOINT_PARTS_MAX);
    l->width[l->n_parts++] = width;
    l->n += width;
    l->ld += gad_ld(width);
}

void gad_joint_add_hidden(struct gad_joint_layout *l, const struct gad_chain *c)
{
    for (size_t i = 0; i + 1 < c->n_layers; i++)
        gad_joint_add(l, c->layer[i].out);
}

size_t gad_joint_hidden_width(const struct gad_chain *c)
{
    size_t width = 0;

    for (size_t i = 0; i + 1 < c->n_layers; i++)
        width += c->layer[i].w.out;
    return width;
}

void gad_joint_difference(const struct gad_joint_layout *l, size_t n, const float *x,
                          const float *xhat, float *v)
{
    size_t ld = gad_ld(l->width[l->n_parts - 1]);

    v += l->ld - ld;
    for (size_t i = 0; i < n; i++, x += ld, xhat += ld, v += l->ld)
        for (size_t j = 0; j < ld; j++)
            v[j] = x[j] - xhat[j];
}

void gad_joint_columns(const struct gad_joint_layout *l, size_t *column)
{
    size_t at = 0;

    for (size_t p = 0; p < l->n_parts; at += gad_ld(l->width[p++]))
        for (size_t j = 0; j < l->width[p]; j++)
            *column++ = at + j;
}

static size_t block_width(size_t n, size_t b)
{
    return n - b * BLOCK < BLOCK ? n - b * BLOCK : BLOCK;
}

static int check(const struct gad_checkpoint *c, size_t n, const struct gad_ckpt_layer **ret,
                 struct gad_diag *d)
{
    const struct gad_ckpt_net *net = gad_checkpoint_net(c, "joint");

    if (!net)
        return gad_fail(d, GAD_EMISMATCH, "score 'joint' needs a net 'joint'");
    const struct gad_ckpt_layer *l = net->layers;
    if (net->n_layers != 1 || l->act != GAD_CKPT_LINEAR)
        return gad_fail(d, GAD_EMISMATCH, "net 'joint' is not one linear layer");
    if (l->in != n || l->out != n)
        return gad_fail(d, GAD_EMISMATCH, "net 'joint' is %u to %u wide, not %zu to %zu", l->in,
                        l->out, n, n);
    for (size_t i = 1; i < n; i++)
        for (size_t j = 0; j < i; j++)
            if (l->weight[i * n + j] != 0.0f)
                return gad_fail(d, GAD_EMISMATCH, "net 'joint' is not upper triangular");
    *ret = l;
    return 0;
}

/* Copies columns [b * BLOCK, ..) of the map; rows are where the elements of v are. */
static void fill_block(struct gad_joint *j, size_t b, const struct gad_ckpt_layer *map,
                       const size_t *column, float *w)
{
    size_t first = b * BLOCK, width = block_width(j->n, b), out = gad_ld(width);

    for (size_t i = 0; i < first + width; i++)
        memcpy(w + column[i] * out, map->weight + i * j->n + first, width * sizeof(*w));
    memcpy(j->bias + first, map->bias + first, width * sizeof(*w));
    j->block[b] = (struct gad_kernel_weights){
        .in = column[first + width - 1] + 1, .out = out, .w = w, .slope = 1.0f};
}

static int fill(struct gad_joint *j, const struct gad_ckpt_layer *map, const size_t *column)
{
    size_t all = 0, at = 0;

    j->n_blocks = (j->n + BLOCK - 1) / BLOCK;
    j->ld = gad_ld(j->n);
    for (size_t b = 0; b < j->n_blocks; b++)
        all += (column[b * BLOCK + block_width(j->n, b) - 1] + 1) * gad_ld(block_width(j->n, b));
    j->block = gad_calloc(j->n_blocks, sizeof(*j->block));
    j->weights = gad_calloc_aligned(all, sizeof(float)); /* widths are capped: no overflow */
    j->bias = gad_calloc_aligned(j->ld, sizeof(float));
    if (!j->block || !j->weights || !j->bias)
        return GAD_ENOMEM;
    for (size_t b = 0; b < j->n_blocks; b++) {
        fill_block(j, b, map, column, j->weights + at);
        at += j->block[b].in * j->block[b].out;
    }
    return 0;
}

int gad_joint_load(const struct gad_checkpoint *c, const struct gad_joint_layout *l,
                   struct gad_joint *ret, struct gad_diag *d)
{
    const struct gad_ckpt_layer *map = NULL;
    struct gad_joint j = {.n = l->n};

    int r = check(c, l->n, &map, d);
    if (r != 0)
        return r;
    gad_cleanup(gad_freep) size_t *column = gad_calloc(l->n, sizeof(*column));
    if (!column)
        return GAD_ENOMEM;
    gad_joint_columns(l, column);
    r = fill(&j, map, column);
    if (r != 0) {
        gad_joint_deinit(&j);
        return r;
    }
    *ret = j;
    return 0;
}

void gad_joint_deinit(struct gad_joint *j)
{
    gad_free(j->block);
    gad_free(j->weights);
    gad_free(j->bias);
    *j = (struct gad_joint){0};
}

void gad_joint_score(const struct gad_joint *j, const struct gad_kernel *k, size_t n,
                     const float *v, size_t ldv, float *u, float *score)
{
    float scale = 1.0f / (float)j->n;

    for (size_t b = 0; b < j->n_blocks; b++)
        k->dense(n, v, ldv, &j->block[b], (struct gad_kernel_init){j->bias + b * BLOCK, 0},
                 u + b * BLOCK, j->ld);
    k->bounded(n, u, j->ld, BOUND, score);
    for (size_t i = 0; i < n; i++)
        score[i] *= scale;
}
