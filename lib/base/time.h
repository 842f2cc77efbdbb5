/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Time is a struct, so that seconds, nanoseconds and plain integers cannot be mixed. The type does
 * not say which clock: variable names distinguish packet time, wall time and monotonic time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct gad_time {
    int64_t ns; /* since the epoch of its clock; 0: not known */
};

struct gad_time gad_time_wall(void);
struct gad_time gad_time_monotonic(void);

static inline double gad_time_seconds(struct gad_time t)
{
    return (double)t.ns / 1e9;
}

/* Saturates, because times come from the network too. */
static inline struct gad_time gad_time_sub(struct gad_time a, struct gad_time b)
{
    int64_t ns;
    if (__builtin_sub_overflow(a.ns, b.ns, &ns))
        ns = a.ns < b.ns ? INT64_MIN : INT64_MAX;
    return (struct gad_time){ns};
}

enum { GAD_TIME_TEXT = 40 };

/* Parses a complete RFC 3339 time, "2026-11-23T15:05:09.5+01:00" or with Z. GAD_EFORMAT: another
 * form, or no day of the calendar; GAD_ELIMIT: before 1970 or after 2261. Digits beyond
 * nanoseconds are dropped. */
int gad_time_parse(const char *s, size_t len, struct gad_time *ret) GAD_MUST_CHECK;

/* Writes RFC 3339 in UTC with microseconds, "2026-11-23T14:05:09.123456Z"; years outside 1000..9999
 * give "invalid". */
void gad_time_text(struct gad_time t, char text[static GAD_TIME_TEXT]);
