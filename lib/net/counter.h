/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Extends a 32-bit counter of the kernel, which wraps, to 64 bits. */

#include <stdint.h>

struct gad_counter {
    uint64_t sum;
    uint32_t last; /* the last value of the 32-bit counter */
};

/* Takes the counter's value; since the last call it has wrapped at most once. */
static inline void gad_counter_update(struct gad_counter *c, uint32_t now)
{
    c->sum += (uint32_t)(now - c->last);
    c->last = now;
}

/* The counter starts again from 0. */
static inline void gad_counter_restart(struct gad_counter *c)
{
    c->last = 0;
}
