/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A clock that never goes back, from the times of packets, which may: captures get merged, clocks set, files
 * damaged. A packet from the past is of the present. If packet after packet is from the past, their clock was set
 * back, and goes on from the present.
 */

#include <stdbool.h>
#include <stdint.h>

struct gad_clock {
    int64_t now;     /* ns, 0 .. GAD_CLOCK_MAX */
    int64_t skew;    /* added to packet times */
    unsigned n_past; /* packets in a row that are older than now by a second */
    uint64_t back, reset;
};

#define GAD_CLOCK_MAX (INT64_C(1) << 62) /* the year 2116; deadlines fit above */

void gad_clock_set(struct gad_clock *c, int64_t ns);
