/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A bar on stderr while a long input is worked off, for people at a terminal whose table is elsewhere. */

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/time.h"

struct progress {
    bool on, drawn;
    uint64_t total; /* bytes of text that will be read; 0: not known */
    struct gad_time start, last;
};

/* @file: what is read, "-" for stdin. Draws nothing unless @on. */
void progress_start(struct progress *p, bool on, const char *file);

/* Redraws at most ten times a second, and not in the first. */
void progress_show(struct progress *p, uint64_t bytes, uint64_t records);

/* Takes the bar away. Returns the seconds since the start. */
double progress_end(struct progress *p);
