/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Timers, descriptors and signals that an event loop watches. Each calls fn(arg) in the loop's
 * thread. A watch may stop, restart or free itself in its function. The functions that make one
 * return NULL when memory is short.
 *
 * Thread: the loop's.
 */

#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"

struct event_base;
struct watch;

typedef void watch_fn(void *arg);

/*
 * Runs once after watch_after(), again and again after watch_every(), and after watch_soon(); made
 * stopped.
 */
struct watch *watch_timer(struct event_base *base, watch_fn *fn, void *arg) GAD_MUST_CHECK;
/* A timer that runs every @period from now on. */
struct watch *watch_ticker(struct event_base *base, struct gad_time period, watch_fn *fn,
                           void *arg) GAD_MUST_CHECK;
/* Runs whenever @fd is readable; made started. */
struct watch *watch_reader(struct event_base *base, int fd, watch_fn *fn, void *arg) GAD_MUST_CHECK;
/* Runs once after each watch_start(), when @fd is writable; made stopped. */
struct watch *watch_writer(struct event_base *base, int fd, watch_fn *fn, void *arg) GAD_MUST_CHECK;
/*
 * Runs after each arrival of the signal; made started. The signal has its default action again
 * after watch_free().
 */
struct watch *watch_signal(struct event_base *base, int number, watch_fn *fn,
                           void *arg) GAD_MUST_CHECK;

void watch_free(struct watch *w); /* NULL is fine; does not close the descriptor */
GAD_DEFINE_CLEANUP(struct watch, watch_free);

/* Readers and writers. */
void watch_start(struct watch *w);
int watch_fd(const struct watch *w);

/*
 * Timers: moves the next run to @delay from now, rounded up to microseconds; 0: in the next turn of
 * the loop.
 */
void watch_after(struct watch *w, struct gad_time delay);
/* Timers: every @period from now on; 0 stops it. Returns 0 or GAD_ENOMEM. */
int watch_every(struct watch *w, struct gad_time period) GAD_MUST_CHECK;

/*
 * All: runs once more behind what is due in this turn of the loop. Several calls before that run it
 * once.
 */
void watch_soon(struct watch *w);
void watch_stop(struct watch *w);
/*
 * All: whether it has been started or delayed, and has not stopped or (a timer, a writer) run
 * since.
 */
bool watch_is_on(const struct watch *w);
