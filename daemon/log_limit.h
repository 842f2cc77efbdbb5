/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Limits lines of the log that a peer can cause: ten at once, and one in ten seconds in the long
 * run. The next line that is logged says how many were omitted before it.
 *
 * Thread: one.
 */

#include <stdbool.h>
#include <stdint.h>

#include "daemon/rate_limit.h"

enum { LOG_LIMIT_TEXT = 64 };

struct log_limit {
    struct rate_limit limit;
    uint64_t left_out; /* since the last logged line */
};

struct log_limit log_limit_init(struct gad_time now);

/*
 * Whether a line may be logged now. If so, @more is the text to put at its end: "" or the number of
 * omitted lines.
 */
bool log_limit_allows(struct log_limit *l, struct gad_time now, char more[static LOG_LIMIT_TEXT]);
