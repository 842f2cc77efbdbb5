/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Appends scored records to a file, in the form of ganadctl extract, so that a model can be trained
 * with them later. Records are added when the scorer has returned them, so that their scores can
 * stand beside them. Records that were not scored, because of the model's budget or the end of the
 * daemon, are added too.
 *
 * Before the file would exceed its maximum size, it is rotated: FILE.1 is the last one, FILE.2 the
 * one before. A file that an earlier run wrote in another form is rotated at the start. Lines that
 * the disk does not take wait in a bounded queue; beyond it they are lost and counted. Only the
 * readers of capture files wait for the disk, for a second at most. Lines are whole. A thread
 * writes them (daemon/feed/lines.h).
 *
 * Thread: main.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct config_records;
struct event_base;
struct gad_diag;
struct gad_record;
struct job;
struct record_log;

typedef bool record_log_wants_fn(void *arg, const struct gad_record *rec);

struct record_log_options {
    const struct config_records *records; /* must outlive the log */
    uint64_t *lost;                       /* counter of lost records */
    record_log_wants_fn *wants;           /* whether a record is written; NULL: all are */
    void *arg;
};

/* *ret is NULL if no file is configured; all functions here accept that. */
int record_log_new(struct event_base *base, const struct record_log_options *o,
                   struct record_log **ret, struct gad_diag *d) GAD_MUST_CHECK;
/* starts the thread that writes the file */
int record_log_start(struct record_log *t) GAD_MUST_CHECK;
void record_log_free(struct record_log *t);
GAD_DEFINE_CLEANUP(struct record_log, record_log_free);

/* Adds the records of a job; those of a client only if so configured. */
void record_log_add(struct record_log *t, const struct job *j);
void record_log_flush(struct record_log *t);
bool record_log_is_flushed(struct record_log *t); /* all lines are in the file, or cannot be now */
/* for one more job; false: the thread will soon make room */
bool record_log_has_room(struct record_log *t);
void record_log_reopen(struct record_log *t); /* the file was moved away */

struct record_log_state {
    const char *file, *format;
    const char *state;                     /* "open" or "failed" */
    const char *error;                     /* of the last failure; "": it never failed */
    uint64_t written, bytes, lost, queued; /* records, bytes of them, records, bytes */
    uint64_t rotations;
    uint64_t reopened, deleted; /* times that another program moved it away, or deleted it */
};

/* Returns false if no file is configured. */
bool record_log_state(const struct record_log *t, struct record_log_state *ret);
