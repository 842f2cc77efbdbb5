/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The scorer thread. It takes the jobs that are queued, up to a batch, never waits for more, and
 * returns all of them together: under load, batches grow by themselves and wake-ups become rare.
 *
 *     main loop -- jobs --> scorer -- done --> main loop
 *
 * Both rings have a place for every job, so a push cannot fail.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"

struct gad_ring;
struct job;
struct scorer;

/* Makes the rings; starts no thread. */
int scorer_new(struct scorer **ret) GAD_MUST_CHECK;

/* Starts the thread. */
int scorer_start(struct scorer *s) GAD_MUST_CHECK;

/* Stops the thread after its current batch; does nothing if it never started. */
void scorer_stop(struct scorer *s);
void scorer_free(struct scorer *s); /* stops the thread */
GAD_DEFINE_CLEANUP(struct scorer, scorer_free);

/* Queues n jobs (untyped, as the ring takes them) with one wake-up. Thread: main. */
void scorer_push(struct scorer *s, void *const *job, size_t n);
/* finished jobs, in the order in which they were pushed */
struct gad_ring *scorer_done(struct scorer *s);

/**
 * scorer_answers() - whether the thread has run since the last call
 *
 * It answers between two batches, and when this call wakes it. The first call returns true. Thread:
 * main.
 */
bool scorer_answers(struct scorer *s);

/* A remaining job, finished or not; NULL: none. Only while the thread does not run. */
struct job *scorer_take_back(struct scorer *s);
