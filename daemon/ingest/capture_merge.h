/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Turns the configured captures into scored records. Connections of all captures become records,
 * which are merged in the order in which they were decided. They then receive their window features
 * and go to the scorer in jobs without a client.
 *
 *     captures -> order -> windows -> job -> scorer -> capture_merge_returned()
 *
 * A batch is taken only from the capture that the others wait for, and only while few jobs are at
 * the scorer. So a backlog stays in the captures, where it is bounded.
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
struct evidence;
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
    struct evidence *evidence; /* or NULL */
    /* The number of alerts that can be raised without losing one. Files wait until it is not 0. */
    size_t (*room)(void *arg);
    /* All captures have ended, and all their records are scored. */
    void (*ended)(void *arg);
    void *arg;
};

/*
 * Opens the captures, which may need root. Without captures it does nothing, and does not call
 * ended().
 */
int capture_merge_new(const struct capture_merge_options *o, struct capture_merge **ret,
                      struct gad_diag *d) GAD_MUST_CHECK;
int capture_merge_start(struct capture_merge *s, struct gad_diag *d) GAD_MUST_CHECK;

/* Stops the captures; scores what they have already read, and then calls ended() in any case. */
void capture_merge_stop(struct capture_merge *s);

/*
 * To be called after the scorer has stopped and its jobs were passed to capture_merge_returned().
 */
void capture_merge_free(struct capture_merge *s);
GAD_DEFINE_CLEANUP(struct capture_merge, capture_merge_free);

/* A job without a client is back, whether scored or not. */
void capture_merge_returned(struct capture_merge *s, struct job *j);

/* A capture, for status and metrics. */
struct capture_merge_source {
    const char *name, *target,
        *state;                 /* "reading", "waiting", "gone", "down", "ended" or "broken" */
    const char *link;           /* of an interface, as gad_link_name() returns it; else "" */
    struct capture_stats stats; /* as of its last batch */
    uint64_t records;
};

/* The i-th capture; returns false if there are no more. */
bool capture_merge_source(const struct capture_merge *s, size_t i,
                          struct capture_merge_source *ret);
