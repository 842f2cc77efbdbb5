/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The thread that scores. It takes whatever jobs are there, up to a batch, never waits for more, and hands
 * all of them back together: under load batches grow by themselves, and wake-ups become rare.
 *
 *     main loop -- jobs --> scorer -- done --> main loop
 *
 * Both rings hold as many jobs as there are, so a push cannot fail.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"

struct gad_ring;
struct job;
struct scorer;

/* Makes rings; no thread yet. @again: an alert like one within so long gets its cause and no other reasons; 0: each gets
 * all. */
int scorer_new(struct gad_time again, struct scorer **ret) GAD_MUST_CHECK;

void scorer_set_again(struct scorer *s, struct gad_time again); /* another one; any thread */

/* Starts the thread, with all signals blocked in it. */
int scorer_start(struct scorer *s) GAD_MUST_CHECK;

/* Ends the thread after the batch it is at; harmless if it never started. */
void scorer_stop(struct scorer *s);
void scorer_free(struct scorer *s); /* stops it */
GAD_DEFINE_CLEANUP(struct scorer, scorer_free);

/* n jobs (as the ring has them, without their type), with one wake-up. Thread: main. */
void scorer_push(struct scorer *s, void *const *job, size_t n);
struct gad_ring *scorer_done(struct scorer *s); /* finished jobs, in the order they were pushed */

/**
 * scorer_answers() - has the thread come by since this was asked the last time?
 *
 * It does between two batches, and when it is woken by this. The first answer is yes. Thread: main.
 */
bool scorer_answers(struct scorer *s);

/* While the thread does not run: a job that is left, finished or not; NULL: none. */
struct job *scorer_take_back(struct scorer *s);
