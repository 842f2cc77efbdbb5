/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One destination of events. An output reads the spool at its own pace, writes events in its
 * format, and reports which events the spool need not keep for it. When its connection breaks, it
 * waits, longer each time, reconnects, and sends every event again that is not known to have
 * arrived: at least once, under the same id.
 *
 *     waiting --> connecting --> open --> finishing --> finished
 *        ^------------+-----------'           (the daemon ends)
 *
 * Thread: the feed's (daemon/feed/output_thread.h), except output_status().
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct config_output;
struct event_base;
struct gad_diag;
struct gad_spool_gaps;
struct output;

enum output_state {
    OUTPUT_WAITING, /* until the next attempt */
    OUTPUT_CONNECTING,
    OUTPUT_OPEN,
    OUTPUT_FINISHING, /* all is written, and the receiver has to close its side */
    OUTPUT_FINISHED,
};

enum { OUTPUT_ERROR_TEXT = 200 };

struct output_status {
    const struct config_output *config;
    enum output_state state;
    char error[OUTPUT_ERROR_TEXT]; /* of the last failure; "": it never failed */
    char address[160];     /* the receiver's; "": not connected, or a type without addresses */
    uint64_t sent, bytes;  /* events written, including repetitions */
    uint64_t replayed;     /* of those sent, repetitions */
    uint64_t skipped;      /* events filtered out by kind or severity */
    uint64_t lost;         /* events that the spool no longer had, or that could not be written */
    uint64_t lost_at_most; /* of these, numbers that may never have been events (power failure) */
    uint64_t waiting;      /* events that it has not read; set by feed_output() */
    uint64_t connects;     /* connections made */
    uint64_t next;         /* number of the next event to read */
    uint64_t released;     /* events before it are delivered or not for this output */
    uint64_t known;        /* events before it were written at least once, or reported as lost */
    uint64_t gone;         /* of struct gad_spool_place */
    /* of a file: times that it was reopened because it was moved away, deleted or the operator
     * asked */
    uint64_t reopened;
    uint64_t deleted; /* of these, deleted */
};

struct output_options {
    struct event_base *base;
    const struct config_output *config;
    const char *directory; /* of the spool */
    const char *sensor;    /* for events that the output itself makes */
    uint64_t run;
    uint64_t next;                     /* position of the spool's cursor */
    const struct gad_spool_gaps *gaps; /* numbers without an event when the spool was opened */
    uint64_t (*end)(const void *arg);  /* limit of committed events */
    const void *arg;
};

/* Reads the files that the type needs, and opens a file. Errors are the operator's to fix. Makes no
 * connection yet. */
int output_new(const struct output_options *o, struct output **ret,
               struct gad_diag *d) GAD_MUST_CHECK;
void output_free(struct output *o);
GAD_DEFINE_CLEANUP(struct output, output_free);

int output_start_thread(struct output *o) GAD_MUST_CHECK; /* of a file, before output_start() */
void output_start(struct output *o);                      /* connects */
void output_wake(struct output *o);                       /* the spool may have new events */
void output_tick(struct output *o);                       /* once a second */
void output_reopen(struct output *o);                     /* reopens a file that was moved away */
bool output_is_reopening(const struct output *o);

/* Uses this SSL_CTX, which the output then owns, for the next connection. If the output waits for
 * its next attempt, the attempt is made at once. */
void output_renew(struct output *o, void *context);

/* The spool receives no more events: the output finishes when it has sent all. */
void output_finish(struct output *o);
bool output_is_finished(const struct output *o); /* or has no connection that could deliver more */

/* Thread: any. */
void output_status(struct output *o, struct output_status *ret);
const char *output_state_name(enum output_state s);
