/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The thread that empties the spool into the outputs. It has an event loop of its own, so that reading, formatting,
 * encryption and slow receivers cost neither the scoring nor the main loop anything. It learns of new events by an
 * eventfd that the spool's thread writes, and of everything else by flags beside it; what it knows is told through
 * output_status(), under a lock.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"

struct config;
struct output_thread;
struct gad_diag;
struct gad_spool_gaps;
struct output_status;

struct output_thread_options {
    const struct config *config;
    const char *directory; /* of the spool */
    const char *sensor;
    uint64_t run;
    const uint64_t *next;              /* (n_outputs) where the cursors stand */
    const struct gad_spool_gaps *gaps; /* as of output_options; copied */
    uint64_t (*end)(const void *arg);  /* of what is committed; any thread */
    const void *arg;
};

/* Makes the outputs; no thread yet. */
int output_thread_new(const struct output_thread_options *o, struct output_thread **ret,
                      struct gad_diag *d) GAD_MUST_CHECK;
void output_thread_free(struct output_thread *d); /* ends the thread */
GAD_DEFINE_CLEANUP(struct output_thread, output_thread_free);

int output_thread_start(struct output_thread *d) GAD_MUST_CHECK;

void output_thread_wake(struct output_thread *d); /* more was committed. Thread: any */

/* Files that were moved away. Waits until it is done, or a fifth of a second: a disk may not answer. */
void output_thread_reopen(struct output_thread *d);

/* The i-th output's next connection is made with this SSL_CTX, which becomes the output's. */
void output_thread_renew(struct output_thread *d, size_t i, void *context);

/* Nothing more will be committed: outputs end their connections when they have everything. */
void output_thread_finish(struct output_thread *d);
bool output_thread_is_finished(const struct output_thread *d); /* all have, or have no connection */

/* The i-th output; false: there are no more. Thread: main. */
bool output_thread_status(struct output_thread *d, size_t i, struct output_status *ret);
