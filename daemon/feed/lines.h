/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A file that lines are appended to, with a bounded queue in memory for when the disk does not take them; when that is
 * full new lines are dropped, counted, and told of once a burst. Lines are whole at any time: a part that a full disk
 * took leaves the file again, so that whoever reads it while it grows may see it become shorter.
 *
 *     queue:  pos .. pos + sent  written, the line goes on      .. len  waiting
 *
 * Thread: main.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"

struct event;
struct event_base;
struct gad_diag;

struct lines {
    const char *path; /* borrowed, and so is head */
    const char *head; /* what a new file begins with, or "" */
    int fd;           /* -1: not open */
    bool failed;      /* it is tried again */
    struct gad_buf queue;
    size_t queue_max, sent;
    uint64_t n_sent, n_dropped, burst; /* lines; burst: dropped since the queue was last taken */
    uint64_t bytes;                    /* of those that were sent */
    uint64_t *all_dropped;             /* a counter besides */
    int error;                         /* of the last failure; 0: it never failed */
    bool failing;                      /* the failure was logged */
    unsigned tries;
    struct event *retry;
};

/* An error of the first opening is the operator's to mend, unless the disk is full. */
int lines_new(const char *path, const char *head, size_t queue_max, struct event_base *base,
              uint64_t *all_dropped, struct lines **ret, struct gad_diag *d) GAD_MUST_CHECK;

/* Closes it; what is still in its queue is lost, and said so. */
void lines_free(struct lines *o);
GAD_DEFINE_CLEANUP(struct lines, lines_free);

/* A line with its LF: queued whole, or dropped whole. */
void lines_add(struct lines *o, const uint8_t *line, size_t len);

/* Writes what can be written now. */
void lines_flush(struct lines *o);

/* Opens the path anew: the file was moved away. */
void lines_reopen(struct lines *o);

/*
 * Opens a file for whole lines, made if it is not there: nothing but a regular file. What stands behind its last line
 * end is taken away, or if that is longer than the @longest of our lines it gets a line end. @head as above. Return: the
 * descriptor, or negative.
 */
int lines_open(const char *path, const char *head, size_t longest);

/* PATH becomes PATH.1, that PATH.2, and so on, at most @files of them. False: the file is still where it was. */
bool lines_rotate(const char *path, uint64_t files);
