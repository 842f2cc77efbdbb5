/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A file that lines are appended to, with a bounded queue in memory for when the disk does not take them; when that is
 * full new lines are dropped, counted, and reported once a burst. Lines are whole at any time: a part that a full disk
 * took leaves the file again, so that a program that reads it while it grows may see it become shorter.
 *
 * A thread writes the file (daemon/feed/disk.h): the caller never waits for the disk, but for at most LINES_PATIENCE_MS
 * when the queue is full. Once a second that thread compares the file with its path. A file that was moved away or
 * deleted is reopened; lines that went into a deleted file since the last comparison count as dropped.
 *
 * Thread: main.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"

struct disk;
struct event_base;
struct gad_diag;
struct watch;

enum { LINES_PATIENCE_MS = 10 };

struct lines_options {
    const char *path;  /* borrowed, and so is head */
    const char *head;  /* what a new file begins with, or "" */
    size_t queue_max;  /* bytes */
    uint64_t size_max; /* the file is moved away before it is longer; 0: never */
    uint64_t files;    /* so many that were moved away are kept */
    struct event_base *base;
    uint64_t *all_dropped; /* a counter besides */
};

struct lines {
    struct lines_options o;
    struct disk *disk;
    bool failed; /* it is tried again */
    bool
        slow; /* it did not answer within the patience; until it does the caller does not wait again */
    bool stuck; /* it does not answer, and that was reported */
    struct gad_buf queue;
    size_t before_reopen; /* bytes of the queue that belong to the file that is open now */
    bool reopen;
    uint64_t size,
        size_from; /* of the file; where a file that cannot be moved away is counted from */
    uint64_t n_sent, n_dropped, burst; /* lines; burst: dropped since the queue was last taken */
    uint64_t
        unseen;     /* of those sent, the lines that were written after the last comparison began */
    uint64_t bytes; /* of those that were sent */
    uint64_t rotations, reopened, deleted;
    int error;    /* of the last failure; 0: it never failed */
    bool failing; /* the failure was logged */
    unsigned tries;
    struct watch *retry, *done, *tick;
};

/* An error of the first opening is the operator's to mend, unless the disk is full. No thread yet. */
int lines_new(const struct lines_options *o, struct lines **ret, struct gad_diag *d) GAD_MUST_CHECK;
int lines_start(struct lines *o) GAD_MUST_CHECK; /* the thread */

/* Closes it; what is still in its queue is lost, and reported. */
void lines_free(struct lines *o);
GAD_DEFINE_CLEANUP(struct lines, lines_free);

/* A line with its LF: queued whole, or dropped whole. */
void lines_add(struct lines *o, const uint8_t *line, size_t len);

/* Has the thread write what it can now. */
void lines_flush(struct lines *o);
bool lines_is_flushed(struct lines *o); /* everything is written, or cannot be now */

/* False: the queue is half full, and its thread has been at work on it for less than @patience. */
bool lines_has_room(struct lines *o, struct gad_time patience);

/* Reopens the path: the file was moved away. What is in the queue still goes into the old file. Waits until
 * it is done, or a fifth of a second. */
void lines_reopen(struct lines *o);
