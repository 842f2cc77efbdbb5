/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Thins a stream of records to about a number in ten minutes of packet time: every k-th is taken, k
 * from the number of the ten minutes before. So a busy network is sampled evenly over the day, and
 * a quiet one is kept whole. A sudden flood has at most four times the number.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/time.h"

struct thin {
    uint64_t quota;       /* records in ten minutes, at least 1 */
    int64_t slot;         /* the ten minutes that are counted */
    uint64_t seen, taken; /* in this slot */
    uint64_t every;       /* 0 before the first record */
};

/* Whether to take the record. @at: its packet time; earlier ones count in the latest slot. */
bool thin_takes(struct thin *t, struct gad_time at);
