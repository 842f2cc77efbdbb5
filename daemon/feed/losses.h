/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What was reported to an output as lost, or as numbers that were never used. After a broken connection a part of the
 * spool is read again, and with it the gaps: what was reported before is reported again, for it may not have arrived,
 * under the same numbers and counted once; what the spool has given up since then is new. What was sent before the spool
 * gave it up is no loss.
 *
 * Thread: one.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/event/event.h"

enum { LOSSES_MAX = 32 }; /* remembered; of more the oldest are forgotten, and would count twice */

struct losses {
    size_t n;
    struct gad_loss range[LOSSES_MAX]; /* (n), apart, rising */
};

/**
 * losses_take() - a gap was read
 * @known: events before it were sent at least once
 * @tell:  called for each part in order; @is_new: it was not told before
 * At most 2 * LOSSES_MAX + 1 parts.
 */
void losses_take(struct losses *l, const struct gad_loss *gap, uint64_t known,
                 void (*tell)(void *arg, const struct gad_loss *part, bool is_new), void *arg);
