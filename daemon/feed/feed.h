/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * From alerts to the outputs. An event is emitted when it is in the spool (lib/spool), and stays there until each
 * output is done with it:
 *
 *     scored job -> decider (daemon/alert) -> event -> spool writer -> disk -> outputs (daemon/feed/output_thread.h)
 *
 * Besides alerts there is a heartbeat, and the counters, at intervals.
 *
 * Thread: main.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct config;
struct event_base;
struct feed;
struct gad_diag;
struct gad_event;
struct gad_model_event;
struct gad_spool_status;
struct job;
struct output_status;
struct stats;
struct suppressor;

struct feed_options {
    struct event_base *base;
    const struct config *config;
    struct stats *stats;
    struct suppressor *suppressor; /* NULL: no rules */
    bool by_packets;               /* see daemon/alert/decide.h */
};

/* Opens the spool and the outputs. Everything handed in must outlive it. */
int feed_new(const struct feed_options *o, struct feed **ret, struct gad_diag *d) GAD_MUST_CHECK;
void feed_free(struct feed *f);
GAD_DEFINE_CLEANUP(struct feed, feed_free);

/* Starts its threads: after privileges were dropped. */
int feed_start(struct feed *f, struct gad_diag *d) GAD_MUST_CHECK;

/* Besides the outputs, @tail gets each event as JSON without a line end, as it is emitted. NULL: nobody. */
void feed_set_tail(struct feed *f, void (*tail)(void *arg, const char *json, size_t len),
                   void *arg);

/* Raises the alerts of a job that has come back from the scorer. */
void feed_scored(struct feed *f, const struct job *j);

/* A model was changed, or refused. */
void feed_model(struct feed *f, const struct gad_model_event *m);

/* What [alerts] says of another configuration, but for suppress; it is not kept. GAD_ENOMEM: all is as it was. */
int feed_configure(struct feed *f, const struct config *c) GAD_MUST_CHECK;

/* Files of outputs that were renewed in place: read by the reload's worker, put in use by main. See daemon/feed/renewal.h. */
int feed_renewal_read(struct feed *f, struct gad_diag *d) GAD_MUST_CHECK;
void feed_renewal_put(struct feed *f, void (*fn)(void *arg, bool is_applied, const char *text),
                      void *arg);

void feed_flush(struct feed *f); /* at the end of each turn of the loop */
void feed_reopen(struct feed *f);

/* So many alerts more are lost by nobody who takes some; SIZE_MAX: any number. */
size_t feed_room(const struct feed *f);

/* At the end, again and again until it is true: all that was counted is told, and the outputs that have a connection
 * have everything. */
bool feed_finish(struct feed *f);

const char *feed_directory(const struct feed *f); /* of the spool */
const struct gad_spool_status *feed_spool(const struct feed *f);
size_t feed_rolled_up(const struct feed *f); /* alerts whose repeats are counted now */

/* The alert that was raised i before the last one, if [metrics] page is on; NULL: so many are not remembered. */
const struct gad_event *feed_latest(const struct feed *f, size_t i);

/* The i-th output, with what waits for it, and what it lost of events that it has not come to; false: there are no more. */
bool feed_output(const struct feed *f, size_t i, struct output_status *ret);
