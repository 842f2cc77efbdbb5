/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Limits alerts to a rate, and reports what was held back. Half of what can be saved up is reserved
 * for alerts of high severity, so that a flood of others cannot use it up. Alerts of captures and
 * alerts of clients have a limit each: clients cannot hold back the alerts of captures.
 *
 * Thread: main.
 */

#include <stdbool.h>
#include <stdint.h>

#include "daemon/alert/distinct.h"
#include "daemon/rate_limit.h"
#include "lib/base/time.h"
#include "lib/event/event.h"

struct limiter {
    struct rate_limit limit[2]; /* of clients, of captures */
    double reserve;             /* alerts of the limit that only high severity may use */
    /* held back since @begun */
    bool has_held;
    struct gad_time begun; /* monotonic */
    uint64_t by_severity[GAD_SEVERITY_LOW + 1], by_hint[GAD_N_HINTS];
    struct distinct sources;
};

/* @rate: alerts a second; 0: no limit. Keeps what was held back. */
void limiter_set(struct limiter *l, uint64_t rate, struct gad_time now);
void limiter_deinit(struct limiter *l);

/* Whether an alert may be emitted now. */
bool limiter_take(struct limiter *l, bool is_captured, unsigned severity, struct gad_time now);

/* Counts @n records as held back. @source: of their host, or NULL. */
void limiter_hold(struct limiter *l, unsigned severity, enum gad_hint hint,
                  const struct thing *source, const uint64_t secret[static 2], uint64_t n,
                  struct gad_time now);

/* When the event about them is due; INT64_MAX: nothing was held back. */
struct gad_time limiter_due(const struct limiter *l);

/* Fills the event, and begins again. False: nothing was held back. */
bool limiter_report(struct limiter *l, struct gad_time now, struct gad_limit_event *ret);
