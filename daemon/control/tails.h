/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whether a tail still has a reader. A tail can be without an event for hours. So it is alive if it
 * takes its events or, while it has all of them, sends something: ganadctl repeats its request. A
 * stopped program does neither.
 *
 * Thread: main.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/time.h"

struct conn;

struct tail_state {
    struct gad_time active; /* monotonic: when it last took or sent something */
    uint64_t n_out;         /* at the last look: bytes that were written to the socket */
    int queued;             /* at the last look: what the peer had not read; 0: nothing */
    bool was_full;          /* at the last look: the socket took no more */
};

/* @now: monotonic */
void tail_begin(struct tail_state *t, const struct conn *c, struct gad_time now);

/* Looks at the connection, at least four times in @limit. Returns true if the tail has been idle
 * for longer than @limit. */
bool tail_is_idle(struct tail_state *t, const struct conn *c, struct gad_time now,
                  struct gad_time limit);
