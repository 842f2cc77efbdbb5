/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What was written to a receiver that does not say what it got. Of an event nobody knows that it arrived until so many
 * more were written after it, which its buffers and the network's cannot all hold, and so much time has passed, in
 * which its queues are worked off. Until then it is sent again when the connection breaks.
 *
 * The window is kept as marks, not event by event: it releases a little late, never early.
 *
 * Thread: one.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/time.h"

enum { RESEND_WINDOW_MARKS = 256 };

struct resend_window_mark {
    uint64_t next;        /* events before this number ... */
    uint64_t n;           /* ... were the first so many of this connection, ... */
    struct gad_time time; /* ... and written before this */
};

struct resend_window {
    uint64_t events; /* at least so many are kept */
    struct gad_time time;
    uint64_t n;        /* written on this connection */
    uint64_t next;     /* behind the last one */
    uint64_t released; /* events before it need not be sent again */
    size_t head, n_marks;
    struct resend_window_mark mark[RESEND_WINDOW_MARKS]; /* a ring */
};

/* @next: all events before it are released. */
void resend_window_init(struct resend_window *w, uint64_t events, struct gad_time time,
                        uint64_t next);

/* A new connection begins with event resend_window_released(). */
void resend_window_restart(struct resend_window *w);

/* Events up to @next were written. @now: monotonic. */
void resend_window_wrote(struct resend_window *w, uint64_t next, struct gad_time now);

/* Events up to @next are not for the receiver. */
void resend_window_skipped(struct resend_window *w, uint64_t next);

/* Events before this need not be sent again. */
uint64_t resend_window_released(struct resend_window *w, struct gad_time now);

/* Everything written arrived: the receiver came to its end in order. */
void resend_window_all_arrived(struct resend_window *w);
