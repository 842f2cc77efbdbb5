/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-traffic/progress.h"

#include <stdio.h>

#include "tools/ganad-traffic/run.h"

enum { WIDTH = 30, SILENT_NS = 1000000000, REDRAW_NS = 100000000, CALLS = 4096 };

void progress_start(struct progress *p, bool on)
{
    *p = (struct progress){.on = on, .start = gad_time_monotonic()};
    p->last = p->start;
}

void progress_show(struct progress *p, const struct run_counts *n)
{
    if (!p->on || ++p->calls < CALLS)
        return;
    p->calls = 0;
    struct gad_time now = gad_time_monotonic();
    if (now.ns - p->start.ns < SILENT_NS || now.ns - p->last.ns < REDRAW_NS)
        return;
    p->last = now;
    p->drawn = true;
    /* With --seconds alone nobody knows how many sessions there will be. */
    if (n->n_sessions > UINT32_MAX) {
        fprintf(stderr, "\r%llu packets, %llu sessions\033[K", (unsigned long long)n->packets,
                (unsigned long long)n->sessions);
        return;
    }
    int filled = (int)(n->sessions * WIDTH / n->n_sessions);
    fprintf(stderr, "\r%3d%% [%.*s%*s] %llu packets, %.1f s left\033[K",
            (int)(n->sessions * 100 / n->n_sessions), filled, "##############################",
            WIDTH - filled, "", (unsigned long long)n->packets,
            gad_time_seconds(gad_time_sub(now, p->start)) * (double)(n->n_sessions - n->sessions) /
                (double)(n->sessions + 1));
}

void progress_end(struct progress *p)
{
    if (p->drawn)
        fputs("\r\033[K", stderr);
    p->drawn = false;
}
