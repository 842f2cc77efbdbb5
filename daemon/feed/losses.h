/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Gaps that an output has reported as lost or never used. After a broken connection the output
 * reads a part of the spool again, and with it the gaps. It reports a gap again, because the first
 * report may not have arrived, under the same numbers, and counts it once. Events that the spool
 * evicted since then are a new loss. Events that were sent before the spool evicted them are not
 * lost.
 *
 * Thread: one.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/event/event.h"

enum { LOSSES_MAX = 32 }; /* remembered; beyond it the oldest is forgotten and would count twice */

struct losses {
    size_t n;
    struct gad_loss range[LOSSES_MAX]; /* (n), disjoint, rising */
};

/**
 * losses_take() - takes a gap that was read
 * @known: events before it were sent at least once
 * @report: called for each part in order; @is_new: it was not reported before
 * Limits: at most 2 * LOSSES_MAX + 1 parts.
 */
void losses_take(struct losses *l, const struct gad_loss *gap, uint64_t known,
                 void (*report)(void *arg, const struct gad_loss *part, bool is_new), void *arg);
