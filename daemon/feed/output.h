/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One place that events go to. It reads the spool at its own pace, writes what it reads in its format, and says up to
 * where the spool need not keep it. When its connection breaks it waits, longer each time, connects again, and sends
 * everything again of which it is not known that it arrived: at least once, each under the same id.
 *
 *     waiting --> connecting --> open --> finishing --> finished
 *        ^------------+-----------'           (the daemon ends)
 *
 * Thread: the feed's (daemon/feed/output_thread.h), but for output_status().
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
    OUTPUT_WAITING, /* until it is tried again */
    OUTPUT_CONNECTING,
    OUTPUT_OPEN,
    OUTPUT_FINISHING, /* everything is written, the receiver comes to its end */
    OUTPUT_FINISHED,
};

enum { OUTPUT_ERROR_TEXT = 200 };

struct output_status {
    const struct config_output *config;
    enum output_state state;
    char error[OUTPUT_ERROR_TEXT]; /* of the last failure; "": it never failed */
    char address[160];             /* to which it is connected; "": none, or it has none */
    uint64_t sent, bytes;          /* events written, those that were sent again too */
    uint64_t replayed;             /* of those sent, the ones that had been sent before */
    uint64_t skipped;              /* not for this output: kind, severity */
    uint64_t lost;         /* events that the spool had no longer, or that could not be written */
    uint64_t lost_at_most; /* of these, the ones that may never have been events: power went */
    uint64_t waiting;      /* events that it has not come to; feed_output() fills it in */
    uint64_t connects;     /* connections made */
    uint64_t next;         /* the event that it comes to next */
    uint64_t released;     /* events before it are done with */
    uint64_t known;        /* events before it were written at least once, or reported as lost */
    uint64_t gone;         /* of struct gad_spool_place */
    uint64_t reopened; /* of a file: times that it was moved away, deleted, or to be reopened ... */
    uint64_t deleted;  /* ... and of these, deleted */
};

struct output_options {
    struct event_base *base;
    const struct config_output *config;
    const char *directory; /* of the spool */
    const char *sensor;    /* for events that begin here */
    uint64_t run;
    uint64_t next;                     /* where the spool's cursor stands */
    const struct gad_spool_gaps *gaps; /* numbers without an event when the spool was opened */
    uint64_t (*end)(const void *arg);  /* of what is committed */
    const void *arg;
};

/* Reads the files that its type needs, and opens a file: errors here are the operator's to mend. No connection yet. */
int output_new(const struct output_options *o, struct output **ret,
               struct gad_diag *d) GAD_MUST_CHECK;
void output_free(struct output *o);
GAD_DEFINE_CLEANUP(struct output, output_free);

int output_start_thread(struct output *o) GAD_MUST_CHECK; /* of a file, before output_start() */
void output_start(struct output *o);                      /* connects */
void output_wake(struct output *o);                       /* there may be more in the spool */
void output_tick(struct output *o);                       /* once a second */
void output_reopen(struct output *o); /* a file that was moved away: begins it */
bool output_is_reopening(const struct output *o);

/* Its next connection is made with this SSL_CTX, which becomes its own. One that waits to be tried again is, at once. */
void output_renew(struct output *o, void *context);

/* No more comes into the spool: when it has come to the end it finishes. */
void output_finish(struct output *o);
bool output_is_finished(const struct output *o); /* or cannot be now: it was not to be connected */

/* Thread: any. */
void output_status(struct output *o, struct output_status *ret);
const char *output_state_name(enum output_state s);
