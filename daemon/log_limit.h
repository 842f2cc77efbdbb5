/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * For lines of the log that a peer can cause as often as it likes: ten at once, and one in ten seconds in the long run.
 * The next line that is logged says how many were left out before it.
 *
 * Thread: one.
 */

#include <stdbool.h>
#include <stdint.h>

#include "daemon/rate_limit.h"

enum { LOG_LIMIT_TEXT = 64 };

struct log_limit {
    struct rate_limit limit;
    uint64_t left_out; /* since the last line that was logged */
};

struct log_limit log_limit_init(struct gad_time now);

/* May a line be logged now? If so, @more is what to put at its end: "" or how many lines were left out. */
bool log_limit_allows(struct log_limit *l, struct gad_time now, char more[static LOG_LIMIT_TEXT]);
