/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The thread that writes the spool (lib/spool), so that the main loop never waits for a disk. The
 * main loop fills blocks with records and acknowledgements. The thread returns a block when its
 * records are committed. While the disk is busy, blocks gather: the thread takes all of them and
 * commits them together.
 *
 *     main loop -- full blocks --> thread -- empty blocks --> main loop
 *
 * The main loop assigns sequence numbers at once. When no block is free, the record is dropped, its
 * number stays used, and readers of the spool report it as a loss. So a disk that hangs loses
 * alerts, counted exactly, and blocks nothing.
 *
 * Thread: main, except spool_writer_end().
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/spool/spool.h"

struct gad_diag;
struct spool_writer;

enum {
    SPOOL_BLOCKS = 16,
    SPOOL_BLOCK_LEN = 256 << 10, /* bytes; SPOOL_BLOCKS of them can wait for the disk */
};

/* Opens the spool. Starts no thread. */
int spool_writer_new(const char *directory, const struct gad_spool_options *o,
                     struct spool_writer **ret, struct gad_spool_recovery *ret_found,
                     struct gad_diag *d) GAD_MUST_CHECK;
void spool_writer_free(struct spool_writer *w); /* stops the thread */
GAD_DEFINE_CLEANUP(struct spool_writer, spool_writer_free);

/* Returns the spool, for its cursors, while the thread does not run. */
struct gad_spool *spool_writer_spool(struct spool_writer *w);

/* Sets the function that the thread calls whenever readers can read more. The caller sets it before
 * the start. */
void spool_writer_on_commit(struct spool_writer *w, void (*committed)(void *arg), void *arg);

/* Starts the thread, with all signals blocked in it. */
int spool_writer_start(struct spool_writer *w) GAD_MUST_CHECK;

/* Ends the thread when all records are committed, or could not be, and finishes the spool. Returns
 * 0 or the error of the spool. */
int spool_writer_stop(struct spool_writer *w);

/* Adds a record of at most GAD_SPOOL_RECORD_MAX bytes; never waits. Returns its number, which a
 * dropped record (*ret_dropped) uses up, too. */
uint64_t spool_writer_add(struct spool_writer *w, unsigned kind, struct gad_time wall,
                          const void *p, size_t len, bool *ret_dropped);

/* Acknowledges records, as gad_spool_ack(), with the next block. */
void spool_writer_ack(struct spool_writer *w, unsigned cursor, uint64_t next, uint64_t lost);

/* Passes the current block to the thread; called at the end of each turn of the loop, and when
 * blocks were returned. While the disk is busy, a block with room is kept for more records. @tick:
 * passes a block in any case, even an empty one, to update the status; once a second. */
void spool_writer_flush(struct spool_writer *w, bool tick);

/* Returns a lower limit of the bytes that can be added without a drop. A source that can wait, such
 * as a capture file, waits for it. */
size_t spool_writer_room(const struct spool_writer *w);

/* Returns a descriptor that is readable when blocks were returned or records committed; the caller
 * then calls spool_writer_take(). */
int spool_writer_fd(const struct spool_writer *w);
void spool_writer_take(struct spool_writer *w);

/* Arms the descriptor before the loop sleeps. True: blocks have been returned already.
 * spool_writer_take() disarms it. */
bool spool_writer_arm(struct spool_writer *w);

/* Returns the number that the next spool_writer_add() gives. */
uint64_t spool_writer_next(const struct spool_writer *w);

/* Returns the limit for readers: the number behind the last committed record. Thread: any. */
uint64_t spool_writer_end(const struct spool_writer *w);

/* Returns the records dropped since it was opened, up to now. */
uint64_t spool_writer_dropped(const struct spool_writer *w);

/* Whether no record waits for the disk. */
bool spool_writer_is_idle(const struct spool_writer *w);

/* Returns the status as of the last returned block. */
const struct gad_spool_status *spool_writer_status(const struct spool_writer *w);
