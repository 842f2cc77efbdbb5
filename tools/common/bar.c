/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/bar.h"

#include <stdarg.h>
#include <stdio.h>

enum { WIDTH = 30, SILENT_NS = 1000000000, REDRAW_NS = 100000000 };

void bar_start(struct bar *b, bool on)
{
    *b = (struct bar){.on = on, .start = gad_time_monotonic()};
    b->last = b->start;
}

bool bar_due(struct bar *b)
{
    if (!b->on)
        return false;
    struct gad_time now = gad_time_monotonic();
    if (gad_time_sub(now, b->start).ns < SILENT_NS || gad_time_sub(now, b->last).ns < REDRAW_NS)
        return false;
    b->last = now;
    return true;
}

double bar_seconds(const struct bar *b)
{
    return gad_time_seconds(gad_time_sub(gad_time_monotonic(), b->start));
}

void bar_draw(struct bar *b, double done, const char *fmt, ...)
{
    va_list ap;

    b->drawn = true;
    (void)fputc('\r', stderr);
    if (done >= 0) {
        done = done < 1 ? done : 1;
        int filled = (int)(done * WIDTH);
        (void)fprintf(stderr, "%3d%% [%.*s%*s] ", (int)(done * 100), filled,
                      "##############################", WIDTH - filled, "");
    }
    va_start(ap, fmt);
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    (void)fputs("\033[K", stderr);
}

void bar_clear(struct bar *b)
{
    if (b->drawn)
        (void)fputs("\r\033[K", stderr);
    b->drawn = false;
}
