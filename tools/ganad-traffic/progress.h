/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A bar on stderr while a long run goes on, for people at a terminal. */

#include <stdbool.h>

#include "lib/base/time.h"

struct run_counts;

struct progress {
    bool on, drawn;
    unsigned calls; /* since the clock was last asked */
    struct gad_time start, last;
};

void progress_start(struct progress *p, bool on);

/* Redraws at most ten times a second, and not in the first. */
void progress_show(struct progress *p, const struct run_counts *n);

void progress_end(struct progress *p);
