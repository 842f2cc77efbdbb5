/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The thread that writes the spool (lib/spool), so that the main loop never waits for a disk. Records go there in
 * blocks that the main loop fills, acknowledgements with them; the blocks come back when what is in them is committed.
 * While the disk is busy blocks gather: the thread takes all there are, and commits them together.
 *
 *     main loop -- full blocks --> thread -- empty blocks --> main loop
 *
 * A sequence number is given at once, by the main loop. When no block is free the record is dropped, its number used,
 * and readers of the spool meet it as a loss: a disk that hangs loses alerts, exactly counted, and holds up nothing.
 *
 * Thread: main, but for reading the number behind the last committed record.
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
    SPOOL_BLOCK_LEN = 256 << 10
}; /* bytes; what waits for the disk at most is their product */

/* Opens the spool; no thread yet. */
int spool_writer_new(const char *directory, const struct gad_spool_options *o,
                     struct spool_writer **ret, struct gad_spool_recovery *ret_found,
                     struct gad_diag *d) GAD_MUST_CHECK;
void spool_writer_free(struct spool_writer *w); /* stops it */
GAD_DEFINE_CLEANUP(struct spool_writer, spool_writer_free);

/* For cursors, while the thread does not run. */
struct gad_spool *spool_writer_spool(struct spool_writer *w);

/* @committed is called from the thread whenever more is to be read. Before it is started. */
void spool_writer_on_commit(struct spool_writer *w, void (*committed)(void *arg), void *arg);

/* Starts the thread, with all signals blocked in it. */
int spool_writer_start(struct spool_writer *w) GAD_MUST_CHECK;

/* Ends the thread when everything is committed, or could not be, and finishes the spool. 0, or why it could not. */
int spool_writer_stop(struct spool_writer *w);

/* A record of at most GAD_SPOOL_RECORD_MAX bytes; never waits. Returns its number, which is also that of one that was
 * dropped: *ret_dropped. */
uint64_t spool_writer_add(struct spool_writer *w, unsigned kind, struct gad_time wall,
                          const void *p, size_t len, bool *ret_dropped);

/* Records that a cursor is done with, as gad_spool_ack(). Goes with the next block. */
void spool_writer_ack(struct spool_writer *w, unsigned cursor, uint64_t next, uint64_t lost);

/* Hands over what was added; at the end of each turn of the loop, and when blocks came back. While the disk is busy it
 * may be kept, so that it is written with what follows. @tick: in any case, also if that is nothing, for what
 * the status says: once a second. */
void spool_writer_flush(struct spool_writer *w, bool tick);

/* Bytes that can be added now without a drop, a lower limit: who can wait (a file) waits for it. */
size_t spool_writer_room(const struct spool_writer *w);

/* Readable when something was committed, or blocks came back; then spool_writer_take(). */
int spool_writer_fd(const struct spool_writer *w);
void spool_writer_take(struct spool_writer *w);

/* To sleep on the descriptor: arm; true: there is already something. Disarm after it. */
bool spool_writer_arm(struct spool_writer *w);

/* The limit for readers. Thread: any. */
uint64_t spool_writer_end(const struct spool_writer *w);

/* Records dropped since it was opened, of this moment. */
uint64_t spool_writer_dropped(const struct spool_writer *w);

/* Nothing that was added waits for the disk. */
bool spool_writer_is_idle(const struct spool_writer *w);

/* As of the last block that came back. */
const struct gad_spool_status *spool_writer_status(const struct spool_writer *w);
