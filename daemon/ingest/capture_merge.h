/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * From the captures of the configuration to scored records: connections of all of them become records, are put
 * in the order in which they were decided, get their window features, and go to the scorer with the first model,
 * in jobs without a client.
 *
 *     captures -> order -> windows -> job -> scorer -> capture_merge_returned()
 *
 * A batch is taken only from the capture that the others wait for, and only while there are few jobs at the
 * scorer; so what waits does so in the captures, where it is bounded.
 *
 * Thread: main.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/ingest/capture.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"

struct config;
struct event_base;
struct gad_diag;
struct job;
struct models;
struct scorer;
struct capture_merge;
struct stats;

struct capture_merge_options {
    struct event_base *base;
    const struct config *config;
    struct models *models;
    struct scorer *scorer;
    struct stats *stats;
    /* How many alerts can be raised without losing one. Files wait for room. */
    size_t (*room)(void *arg);
    /* All captures have come to their end, and all their records are scored. */
    void (*ended)(void *arg);
    void *arg;
};

/* Opens the captures, which may need root; without any the sensor has nothing to do, and has not ended. */
int capture_merge_new(const struct capture_merge_options *o, struct capture_merge **ret,
                      struct gad_diag *d) GAD_MUST_CHECK;
int capture_merge_start(struct capture_merge *s, struct gad_diag *d) GAD_MUST_CHECK;

/* Captures read no more; what they have is scored, and then ended() is called, in any case. */
void capture_merge_stop(struct capture_merge *s);

/* After the scorer has been stopped and what it had was given to capture_merge_returned(). */
void capture_merge_free(struct capture_merge *s);
GAD_DEFINE_CLEANUP(struct capture_merge, capture_merge_free);

/* A job without a client is back, scored or not. */
void capture_merge_returned(struct capture_merge *s, struct job *j);

/* A capture, for those who tell of it. */
struct capture_merge_source {
    const char *name, *target,
        *state;                 /* "reading", "waiting", "gone", "down", "ended" or "broken" */
    const char *link;           /* of an interface, as gad_link_name() has it; else "" */
    struct capture_stats stats; /* as of its last batch */
    uint64_t records;
};

/* The i-th; false: there are no more. */
bool capture_merge_source(const struct capture_merge *s, size_t i,
                          struct capture_merge_source *ret);
