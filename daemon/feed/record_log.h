/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The records that were scored, appended to a file as ganadctl extract writes them: what a model can be trained
 * with later. They come here when they are back from the scorer, so that their scores can stand beside them; what
 * was not scored, for its model's budget or because the daemon ends, is written all the same.
 *
 * Before a file becomes longer than it may it is moved away: FILE.1 is the last one, FILE.2 the one before. So is
 * one that an earlier run wrote in another form. What a disk does
 * not take waits in a bounded queue, and is lost and counted beyond it: only captures that are files wait for it, and for
 * a second at most. Lines are whole. A thread writes them (daemon/feed/lines.h).
 *
 * Thread: main.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct config;
struct event_base;
struct gad_diag;
struct job;
struct stats;
struct record_log;

/* *ret is NULL if no file is asked for; all functions here take that. */
int record_log_new(struct event_base *base, const struct config *c, struct stats *st,
                   struct record_log **ret, struct gad_diag *d) GAD_MUST_CHECK;
int record_log_start(struct record_log *t) GAD_MUST_CHECK; /* the thread that writes the file */
void record_log_free(struct record_log *t);
GAD_DEFINE_CLEANUP(struct record_log, record_log_free);

/* The records of a job that is back; of a client's if they are asked for. */
void record_log_add(struct record_log *t, const struct job *j);
void record_log_flush(struct record_log *t);
bool record_log_is_flushed(struct record_log *t); /* everything is in the file, or cannot be now */
bool record_log_has_room(
    struct record_log *t); /* for a job more; false: its thread will soon have made room */
void record_log_reopen(struct record_log *t); /* the file was moved away */

struct record_log_state {
    const char *file, *format;
    const char *state;                     /* "open" or "failed" */
    const char *error;                     /* of the last failure; "": it never failed */
    uint64_t written, bytes, lost, queued; /* records, bytes of them, records, bytes */
    uint64_t rotations;
    uint64_t reopened, deleted; /* times it was moved away by others, or deleted */
};

/* false: no file is asked for. */
bool record_log_state(const struct record_log *t, struct record_log_state *ret);
