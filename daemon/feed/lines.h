/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A file that lines are appended to, with a bounded queue in memory for when the disk does not take
 * them. When the queue is full, new lines are dropped, counted, and reported once a burst. Lines
 * are always whole: incomplete lines that a full disk took are removed again, so a program that
 * reads the growing file may see it become shorter.
 *
 * A thread writes the file (daemon/feed/disk.h). The caller never waits for the disk, except
 * LINES_PATIENCE_MS at most when the queue is full. Once a second the thread compares the file with
 * its path, and reopens a file that was moved away or deleted. Lines written to a deleted file
 * since the last comparison count as dropped.
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
    uint64_t size_max; /* the file is rotated before it would exceed it; 0: never */
    uint64_t files;    /* rotated files that are kept */
    struct event_base *base;
    uint64_t *all_dropped; /* another counter that dropped lines are added to */
};

struct lines {
    struct lines_options o;
    struct disk *disk;
    bool failed; /* it is being retried */
    /* it did not answer within LINES_PATIENCE_MS; the caller does not wait again until it does */
    bool slow;
    bool stuck; /* it does not answer, and that was reported */
    struct gad_buf queue;
    size_t before_reopen; /* bytes of the queue that belong to the open file */
    bool reopen;
    /* of the file; size_from: size_max counts from here, if a file could not be rotated */
    uint64_t size, size_from;
    uint64_t n_sent, n_dropped, burst; /* lines; burst: dropped since the queue was last taken */
    uint64_t unseen; /* of those sent, lines written after the last comparison began */
    uint64_t bytes;  /* of those that were sent */
    uint64_t rotations, reopened, deleted;
    int error;    /* of the last failure; 0: it never failed */
    bool failing; /* the failure was logged */
    unsigned tries;
    struct watch *retry, *done, *tick;
};

/* Opens the file. An error is the operator's to fix, except a full disk, which is retried. Starts
 * no thread. */
int lines_new(const struct lines_options *o, struct lines **ret, struct gad_diag *d) GAD_MUST_CHECK;
int lines_start(struct lines *o) GAD_MUST_CHECK; /* starts the thread */

/* Closes the file. Lines that are still queued are lost and reported. */
void lines_free(struct lines *o);
GAD_DEFINE_CLEANUP(struct lines, lines_free);

/* Queues or drops a whole line with its LF. */
void lines_add(struct lines *o, const uint8_t *line, size_t len);

/* Starts the thread on the queued lines, if it is idle. */
void lines_flush(struct lines *o);
bool lines_is_flushed(struct lines *o); /* all lines are written, or cannot be now */

/* False: the queue is half full, and the thread has been busy for less than @patience. */
bool lines_has_room(struct lines *o, struct gad_time patience);

/* Reopens the path after the file was moved away. Lines in the queue still go to the old file.
 * Waits until it is done, 200 ms at most. */
void lines_reopen(struct lines *o);
