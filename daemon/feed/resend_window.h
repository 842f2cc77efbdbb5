/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Events written to a receiver that does not acknowledge them. An event counts as delivered once N
 * later events were written, more than the buffers of the receiver and the network can hold, and T
 * has passed, in which the receiver's queues are processed. Until then the event is sent again when
 * the connection breaks.
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
    uint64_t n;           /* ... were the first n of this connection, ... */
    struct gad_time time; /* ... and written before this */
};

struct resend_window {
    uint64_t events; /* N: at least this many are kept */
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

/* A new connection begins with the first event that is not released. */
void resend_window_restart(struct resend_window *w);

/* Events before @next were written. @now: monotonic. */
void resend_window_wrote(struct resend_window *w, uint64_t next, struct gad_time now);

/* Events before @next are not for the receiver. */
void resend_window_skipped(struct resend_window *w, uint64_t next);

/* Returns the first event that may have to be sent again. */
uint64_t resend_window_released(struct resend_window *w, struct gad_time now);

/* All that was written has arrived: the receiver has closed the connection in order. */
void resend_window_all_arrived(struct resend_window *w);
