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

struct budget {
    double rate; /* a second; 0: as many as anybody likes */
    double most; /* that can be saved up */
    double left; /* saved up */
    struct gad_time last;
};

struct budget budget_init(double rate, double most, struct gad_time now); /* begins full */

/* How many of n may be done now, and takes them. */
size_t budget_take(struct budget *b, struct gad_time now, size_t n);

/* n that were taken and not done. */
void budget_give_back(struct budget *b, size_t n);

static inline bool budget_is_limited(const struct budget *b)
{
    return b->rate > 0;
}
