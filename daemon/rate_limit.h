/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * So many of something a second, and no more than can be saved up at once: searches of a model, alerts, events to an
 * output.
 *
 * Thread: one.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/time.h"

struct rate_limit {
    double rate; /* a second; 0: as many as anybody likes */
    double most; /* that can be saved up */
    double left; /* saved up */
    struct gad_time last;
};

struct rate_limit rate_limit_init(double rate, double most, struct gad_time now); /* begins full */

/* How many of n may be done now, and takes them. */
size_t rate_limit_take(struct rate_limit *b, struct gad_time now, size_t n);

/* n that were taken and not done. */
void rate_limit_give_back(struct rate_limit *b, size_t n);

static inline bool rate_limit_is_limited(const struct rate_limit *b)
{
    return b->rate > 0;
}
