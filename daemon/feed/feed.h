/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Carries alerts to the outputs. An event is emitted when it is in the spool (lib/spool), and stays
 * there until each output has acknowledged it:
 *
 *     scored job -> decider (daemon/alert) -> event -> spool writer -> disk -> outputs
 *                                                                   (output_thread.h)
 *
 * At intervals the feed also emits a heartbeat and the counters.
 *
 * Thread: main.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct config;
struct evidence;
struct feedback;
struct event_base;
struct feed;
struct gad_diag;
struct gad_event;
struct gad_blind_event;
struct gad_model_event;
struct gad_spool_status;
struct job;
struct output_status;
struct recent;
struct stats;
struct suppressor;

struct feed_options {
    struct event_base *base;
    const struct config *config;
    struct stats *stats;
    struct suppressor *suppressor; /* NULL: no rules */
    struct feedback *feedback;     /* NULL: no verdicts */
    struct evidence *evidence;     /* or NULL */
    bool by_packets;               /* see daemon/alert/decide.h */
};

/* Opens the spool and the outputs. All that @o points to must outlive the feed. */
int feed_new(const struct feed_options *o, struct feed **ret, struct gad_diag *d) GAD_MUST_CHECK;
void feed_free(struct feed *f);
GAD_DEFINE_CLEANUP(struct feed, feed_free);

/* Starts the threads. The caller has dropped privileges before. */
int feed_start(struct feed *f, struct gad_diag *d) GAD_MUST_CHECK;

/* Passes each event to @tail as it is emitted, as JSON without a line end. NULL: stops that. */
void feed_set_tail(struct feed *f, void (*tail)(void *arg, const char *json, size_t len),
                   void *arg);

/* Raises the alerts of a job that the scorer has returned. */
void feed_scored(struct feed *f, const struct job *j);

/* Emits that a model was changed or refused, or has drifted. */
void feed_model(struct feed *f, const struct gad_model_event *m);

/* Emits that a capture could not see traffic, or can again. */
void feed_blind(struct feed *f, const struct gad_blind_event *b);

/* Applies [alerts] of another configuration, except suppress; @c is not kept. GAD_ENOMEM: nothing
 * has changed. */
int feed_configure(struct feed *f, const struct config *c) GAD_MUST_CHECK;

/* Certificates and keys that were renewed in place. The reload's worker reads them, the main thread
 * applies them. See daemon/feed/renewal.h. */
int feed_renewal_read(struct feed *f, struct gad_diag *d) GAD_MUST_CHECK;
void feed_renewal_put(struct feed *f, void (*fn)(void *arg, bool is_applied, const char *text),
                      void *arg);

void feed_flush(struct feed *f); /* at the end of each turn of the loop */
void feed_reopen(struct feed *f);

/* Returns the number of further alerts that can be queued without loss to any connected output;
 * SIZE_MAX: unlimited. */
size_t feed_room(const struct feed *f);

/* Ends the feed. The caller repeats it until it returns true: all counted repeats are emitted, and
 * each output with a connection has all events. */
bool feed_finish(struct feed *f);

const char *feed_directory(const struct feed *f); /* of the spool */
const struct gad_spool_status *feed_spool(const struct feed *f);
void feed_release_models(struct feed *f); /* other models are in use */

/* The latest alerts of the last incidents. */
struct recent *feed_recent(const struct feed *f);

/* Returns the status of the i-th output, including what waits for it and losses that it has not
 * read yet. False: no such output. */
bool feed_output(const struct feed *f, size_t i, struct output_status *ret);
