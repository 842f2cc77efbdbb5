/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Blind captures: a counter of the kind GAD_COUNTER_BLIND rose. The first rise of a capture is
 * reported at once, then at most once a minute with the sums since the last report, and "cleared"
 * after a minute without a rise. So a sender of cheap packets causes at most two events a minute
 * for each capture.
 *
 * Thread: main.
 */

#include <stddef.h>

#include "daemon/capture_counts.h"
#include "lib/base/time.h"
#include "lib/event/event.h"

/* Of one capture; all 0 at the start. */
struct blind {
    struct capture_counts reported; /* at the last event, or at the last check without a rise */
    struct capture_counts seen;     /* at the last check */
    struct gad_time began, sent;    /* monotonic: of the first event, of the last event */
    bool is_blind, rose;            /* rose: since the last event */
};

/**
 * blind_check() - looks at the counters of a capture, about once a second
 * @is:  its counters
 * @now: monotonic
 * Return: true if an event is due; @ret has its action, period and counters, but no source.
 */
bool blind_check(struct blind *b, const struct capture_counts *is, struct gad_time now,
                 struct gad_blind_event *ret);
