/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Where alerts and records go. Each output has a bounded queue of its own in memory: one that is stuck holds up neither
 * the others nor the scoring; when its queue is full new lines are dropped for it, counted, and told of
 * once a burst.
 *
 *     queue:  pos .. pos + sent  written, the line goes on      .. len  waiting
 *
 * Only whole lines leave the queue. A line that was cut by a broken connection is sent again as a whole.
 *
 * Thread: main.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/types.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/rng.h"
#include "lib/base/time.h"

struct event;
struct event_base;
struct gad_diag;
struct output;

enum output_state { OUTPUT_OPEN, OUTPUT_CONNECTING, OUTPUT_FAILED };

struct output_ops {
    const char *kind;              /* "file" */
    int (*open)(struct output *o); /* sets o->fd; 0 or negative */
    /* As write(2), never blocking; EAGAIN: go on when the descriptor is writable. */
    ssize_t (*write)(const struct output *o, const uint8_t *p, size_t len);
    bool
        is_stream; /* the descriptor can be waited for, and a new one has not seen what the old one got */
    bool can_retry; /* open() may succeed later */
    bool
        must_open; /* an error of the first open() is the operator's to mend, unless the disk is full */
    bool
        is_whole; /* lines are whole at any time: a part that a full disk took leaves the file again */
};

struct output {
    const struct output_ops *ops;
    const char *target; /* borrowed, and so is head */
    const char *head;   /* what a new file begins with, or "" */
    struct event_base *base;
    int fd;
    enum output_state state;
    struct gad_buf queue;
    size_t queue_max, sent;
    uint64_t n_sent, n_dropped, burst; /* lines; burst: dropped since the queue was last taken */
    uint64_t bytes;                    /* of those that were sent */
    uint64_t *all_dropped;             /* counter of all outputs */
    int error;                         /* of the last failure; 0: it never failed */
    bool waiting, failing;             /* failing: the failure was logged */
    unsigned tries;
    struct gad_time opened;
    struct gad_rng rng;
    struct event *writer, *reader, *retry;
};

/* output_records: a file whose lines are whole, which whoever reads it while it grows may see become shorter. */
extern const struct output_ops output_file, output_records, output_stdout, output_unix;

int output_new(const struct output_ops *ops, const char *target, const char *head, size_t queue_max,
               struct event_base *base, uint64_t *all_dropped, struct output **ret,
               struct gad_diag *d) GAD_MUST_CHECK;

/* Closes it; what is still in its queue is lost, and said so. */
void output_free(struct output *o);
GAD_DEFINE_CLEANUP(struct output, output_free);

/* A line with its LF: queued whole, or dropped whole. */
void output_add(struct output *o, const uint8_t *line, size_t len);

/* Writes what can be written now. */
void output_flush(struct output *o);

/* Opens the target anew (a file that was moved away). */
void output_reopen(struct output *o);

/* Is it open, with something left to write? */
bool output_is_busy(const struct output *o);

const char *output_state_name(enum output_state s);
