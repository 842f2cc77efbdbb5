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
struct drain;
struct gad_diag;
struct gad_spool_gaps;
struct output_status;

struct drain_options {
    const struct config *config;
    const char *folder; /* of the spool */
    const char *sensor;
    uint64_t run;
    const uint64_t *next;              /* (n_outputs) where the cursors stand */
    const struct gad_spool_gaps *gaps; /* as of output_options; copied */
    uint64_t (*end)(const void *arg);  /* of what is committed; any thread */
    const void *arg;
};

/* Makes the outputs; no thread yet. */
int drain_new(const struct drain_options *o, struct drain **ret, struct gad_diag *d) GAD_MUST_CHECK;
void drain_free(struct drain *d); /* ends the thread */
GAD_DEFINE_CLEANUP(struct drain, drain_free);

int drain_start(struct drain *d) GAD_MUST_CHECK;

void drain_wake(struct drain *d); /* more was committed. Thread: any */

/* Files that were moved away. Waits until it is done, or a fifth of a second: a disk may not answer. */
void drain_reopen(struct drain *d);

/* The i-th output's next connection is made with this SSL_CTX, which becomes the output's. */
void drain_renew(struct drain *d, size_t i, void *context);

/* Nothing more will be committed: outputs end their connections when they have everything. */
void drain_finish(struct drain *d);
bool drain_is_finished(const struct drain *d); /* all have, or have no connection */

/* The i-th output; false: there are no more. Thread: main. */
bool drain_status(struct drain *d, size_t i, struct output_status *ret);
