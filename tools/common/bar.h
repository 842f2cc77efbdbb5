/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A progress bar on stderr, for a person at a terminal, while a long job runs. */

#include <stdbool.h>

#include "lib/base/time.h"

struct bar {
    bool on, drawn;
    struct gad_time start, last; /* monotonic; of the last drawing */
};

/* Draws nothing unless @on. */
void bar_start(struct bar *b, bool on);

/* Returns true when a drawing is due: at most ten times a second, and not in the first second. */
bool bar_due(struct bar *b);

/* Seconds since the start. */
double bar_seconds(const struct bar *b);

/* Draws one line: the share @done (0 .. 1) as a bar, or no bar if it is negative, then the text. */
void bar_draw(struct bar *b, double done, const char *fmt, ...)
    __attribute__((__format__(__printf__, 3, 4)));

/* Erases the line, so that a message can follow. */
void bar_clear(struct bar *b);
