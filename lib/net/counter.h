/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A counter of 32 bits that somebody else keeps and that comes round, as one of 64 that does not. */

#include <stdint.h>

struct gad_counter {
    uint64_t sum;
    uint32_t last; /* what the other counter was */
};

/* The other counter is `now`; it has come round at most once since it was asked last. */
static inline void gad_counter_update(struct gad_counter *c, uint32_t now)
{
    c->sum += (uint32_t)(now - c->last);
    c->last = now;
}

/* The other counter starts over from 0. */
static inline void gad_counter_restart(struct gad_counter *c)
{
    c->last = 0;
}
