/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The thread that moves events from the spool to the outputs. It has its own event loop, so that
 * reading, formatting, encryption and slow receivers delay neither the scorer nor the main loop.
 * The spool's thread wakes it by an event when it has committed records; the main thread sets flags
 * and wakes it likewise. Its results are in output_status(), under a lock.
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
    const uint64_t *next;              /* (n_outputs) positions of the cursors */
    const struct gad_spool_gaps *gaps; /* as of output_options; copied */
    uint64_t (*end)(const void *arg);  /* limit of committed events; called in any thread */
    const void *arg;
};

/* Makes the outputs. Starts no thread. */
int output_thread_new(const struct output_thread_options *o, struct output_thread **ret,
                      struct gad_diag *d) GAD_MUST_CHECK;
void output_thread_free(struct output_thread *d); /* ends the thread */
GAD_DEFINE_CLEANUP(struct output_thread, output_thread_free);

int output_thread_start(struct output_thread *d) GAD_MUST_CHECK;

void output_thread_wake(struct output_thread *d); /* the spool has new records. Thread: any */

/* Reopens files that were moved away. Waits until that is done, but 200 ms at most, because a disk
 * may not answer. */
void output_thread_reopen(struct output_thread *d);

/* Passes the SSL_CTX for the i-th output's next connection; the output then owns it. */
void output_thread_renew(struct output_thread *d, size_t i, void *context);

/* No more records will be committed: outputs close their connections when they have sent all. */
void output_thread_finish(struct output_thread *d);
/* all outputs have finished, or have no connection */
bool output_thread_is_finished(const struct output_thread *d);

/* Returns the status of the i-th output in *ret. False: no such output. Thread: main. */
bool output_thread_status(struct output_thread *d, size_t i, struct output_status *ret);
