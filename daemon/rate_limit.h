/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A token bucket: a number of operations per second, and an upper limit of operations that can be
 * saved up. For searches of a model, alerts, and events to an output.
 *
 * Thread: one.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/time.h"

struct rate_limit {
    double rate; /* operations a second; 0: unlimited */
    double most; /* operations that can be saved up */
    double left; /* saved up; below 0 after an operation that took more than it asked for */
    struct gad_time last;
};

struct rate_limit rate_limit_init(double rate, double most, struct gad_time now); /* starts full */

/* Takes up to n operations; returns how many are allowed now. */
size_t rate_limit_take(struct rate_limit *b, struct gad_time now, size_t n);

/* Returns n operations that were taken but not done. */
void rate_limit_give_back(struct rate_limit *b, size_t n);

static inline bool rate_limit_is_limited(const struct rate_limit *b)
{
    return b->rate > 0;
}
