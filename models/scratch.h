/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The workspace of a score, handed out piece by piece on full vector registers. One function of a model says
 * what it needs; run without memory it only counts, so that its size cannot disagree with its use.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/nn/kernel.h"
#include "models/model.h"

struct gad_scratch {
    float *base; /* 64-byte aligned; NULL: only count */
    size_t used; /* floats, whole registers */
};

/* (n, ld) floats; a smaller n than the workspace was made for takes less of it. */
static inline float *gad_scratch_take(struct gad_scratch *s, size_t n, size_t ld)
{
    float *p = s->base ? s->base + s->used : NULL;
    s->used += gad_ld(n * ld); /* widths are at most GAD_CKPT_DIM_MAX: no overflow */
    return p;
}

/* Where the n rows of x (n, ld) are not zero; without memory only room for it. */
static inline struct gad_kernel_rows gad_scratch_index(struct gad_scratch *s,
                                                       const struct gad_kernel *k, size_t n,
                                                       const float *x, size_t ld)
{
    /* uint32 is as large as float */
    uint32_t *index = (uint32_t *)(void *)gad_scratch_take(s, n, ld);
    uint32_t *n_index = (uint32_t *)(void *)gad_scratch_take(s, n, 1);

    if (s->base)
        k->index(n, x, ld, index, n_index);
    return (struct gad_kernel_rows){.x = x, .ld = ld, .index = index, .n_index = n_index};
}
