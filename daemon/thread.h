/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Threads of the daemon: with all signals blocked, because the main loop takes them, with a name
 * for top and gdb, and with a flag that asks them to stop. How a sleeping thread is woken to read
 * the flag is its owner's business.
 *
 * A thread's struct lies in its owner's, which also has the thread's data. Thread: the owner's, but
 * for thread_must_stop() and the functions of events.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "lib/base/err.h"

struct thread {
    bool runs; /* started, and neither joined nor detached */
    pthread_t id;
    void (*run)(void *arg);
    void *arg;
    _Atomic bool stop;
};

/**
 * thread_run() - starts a thread that calls @run(@arg), after which it may not use @t any more
 * @t: all zero, or of a thread that was joined
 * @name: at most 15 bytes
 * Returns 0 or -errno.
 */
int thread_run(struct thread *t, const char *name, void (*run)(void *arg),
               void *arg) GAD_MUST_CHECK;

void thread_ask_stop(struct thread *t);
bool thread_must_stop(const struct thread *t); /* Thread: any */

void thread_join(struct thread *t); /* returns at once if it does not run */
/* Waits @seconds at most. False: it still runs. */
bool thread_join_within(struct thread *t, int seconds);
void thread_detach(struct thread *t);

/*
 * An event that one thread posts to wake another: a descriptor that is readable from post to clear.
 * Thread: any.
 */
int thread_event_open(void); /* returns the descriptor, which the caller closes, or -errno */
void thread_event_post(int fd);
void thread_event_clear(int fd);
