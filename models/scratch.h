/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The workspace of a score, allocated piece by piece in whole vector registers. One function of a
 * model takes all pieces. Without memory it only counts, so the size of the workspace always
 * matches its use.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/nn/kernel.h"
#include "models/model.h"

struct gad_scratch {
    float *base; /* 64-byte aligned; NULL: only count */
    size_t used; /* floats, whole registers */
};

/* (n, ld) floats. */
static inline float *gad_scratch_take(struct gad_scratch *s, size_t n, size_t ld)
{
    float *p = s->base ? s->base + s->used : NULL;
    s->used += gad_ld(n * ld); /* widths are at most GAD_CKPT_DIM_MAX: no overflow */
    return p;
}

/* The index of the non-zero elements of x (n, ld); without memory only its size is counted. */
static inline struct gad_kernel_rows gad_scratch_index(struct gad_scratch *s,
                                                       const struct gad_kernel *k, size_t n,
                                                       const float *x, size_t ld)
{
    /* uint32_t has the size of float */
    uint32_t *index = (uint32_t *)(void *)gad_scratch_take(s, n, ld);
    uint32_t *n_index = (uint32_t *)(void *)gad_scratch_take(s, n, 1);

    if (s->base)
        k->index(n, x, ld, index, n_index);
    return (struct gad_kernel_rows){.x = x, .ld = ld, .index = index, .n_index = n_index};
}
