/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/time.h"

#include <stdio.h>
#include <time.h>

enum { NS = 1000000000 };

static struct gad_time now(clockid_t clock)
{
    struct timespec ts = {0};
    (void)clock_gettime(clock, &ts); /* cannot fail for the two clocks we name */
    return (struct gad_time){(int64_t)ts.tv_sec * NS + ts.tv_nsec};
}

struct gad_time gad_time_wall(void)
{
    return now(CLOCK_REALTIME);
}

struct gad_time gad_time_monotonic(void)
{
    return now(CLOCK_MONOTONIC);
}

void gad_time_text(struct gad_time t, char text[static GAD_TIME_TEXT])
{
    int64_t s = t.ns / NS, ns = t.ns % NS;
    if (ns < 0) { /* C rounds towards zero; a calendar rounds down */
        ns += NS;
        s--;
    }
    time_t tt = (time_t)s;
    struct tm tm;
    if (!gmtime_r(&tt, &tm) || tm.tm_year < -900 || tm.tm_year > 8099) {
        (void)snprintf(text, GAD_TIME_TEXT, "invalid");
        return;
    }
    size_t n = strftime(text, GAD_TIME_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
    (void)snprintf(text + n, GAD_TIME_TEXT - n, ".%06dZ", (int)(ns / 1000));
}
