/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How much a model may be asked. A score that is a search takes a thousand times as long as one that is not, and
 * there is one scorer for all: so such a model gets so many searches a second, saved up for at most a tenth of a
 * second, and what is beyond them is not done. That tenth is also the longest that the others wait for it.
 *
 * Thread: the scorer's.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/time.h"

struct budget {
    double rate; /* searches a second; 0: as many as anybody likes */
    double left; /* saved up */
    struct gad_time last;
};

struct budget budget_init(double rate, struct gad_time now);

/* How many of n may be done now, and takes them. */
size_t budget_take(struct budget *b, struct gad_time now, size_t n);

/* n that were taken and not done. */
void budget_give_back(struct budget *b, size_t n);

static inline bool budget_is_limited(const struct budget *b)
{
    return b->rate > 0;
}
