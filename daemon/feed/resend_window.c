/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/resend_window.h"

#include "lib/base/mem.h"

enum { STEPS = RESEND_WINDOW_MARKS / 2, STEP_MIN_NS = 1000000 };

void resend_window_init(struct resend_window *w, uint64_t events, struct gad_time time,
                        uint64_t next)
{
    *w = (struct resend_window){.events = events, .time = time, .next = next, .released = next};
}

void resend_window_restart(struct resend_window *w)
{
    w->n = 0;
    w->n_marks = w->head = 0;
    w->next = w->released;
}

static struct resend_window_mark *mark_at(struct resend_window *w, size_t i)
{
    return &w->mark[(w->head + i) % RESEND_WINDOW_MARKS];
}

/* Removes every second mark, beginning with the newest but one, so that the newest and the span
 * stay. */
static void thin_out(struct resend_window *w)
{
    size_t kept = 0;

    for (size_t i = (w->n_marks + 1) % 2; i < w->n_marks; i += 2)
        *mark_at(w, kept++) = *mark_at(w, i);
    w->n_marks = kept;
}

static void add_mark(struct resend_window *w, struct gad_time now)
{
    int64_t step = w->time.ns / STEPS > STEP_MIN_NS ? w->time.ns / STEPS : STEP_MIN_NS;

    if (w->n_marks > 0 && now.ns - mark_at(w, w->n_marks - 1)->time.ns < step)
        return;
    if (w->n_marks == RESEND_WINDOW_MARKS)
        thin_out(w);
    *mark_at(w, w->n_marks++) = (struct resend_window_mark){w->next, w->n, now};
}

void resend_window_wrote(struct resend_window *w, uint64_t next, struct gad_time now)
{
    gad_assert(next >= w->next);
    add_mark(w, now);
    w->n++;
    w->next = next;
}

void resend_window_skipped(struct resend_window *w, uint64_t next)
{
    if (w->released == w->next)
        w->released = next;
    w->next = next;
}

uint64_t resend_window_released(struct resend_window *w, struct gad_time now)
{
    if (w->events == 0 && w->time.ns == 0)
        w->released = w->next;
    add_mark(w, now); /* so that the last events of a burst are released too */
    while (w->n_marks > 0) {
        const struct resend_window_mark *m = mark_at(w, 0);
        if (now.ns - m->time.ns < w->time.ns || w->n - m->n < w->events)
            break;
        if (m->next > w->released)
            w->released = m->next;
        w->head = (w->head + 1) % RESEND_WINDOW_MARKS;
        w->n_marks--;
    }
    return w->released;
}

void resend_window_all_arrived(struct resend_window *w)
{
    w->released = w->next;
    w->n_marks = w->head = 0;
}
