/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reads the records of a spool in order, up to the writer's limit of committed records, and reports
 * what is missing. It shares only files and that limit with the writer, so it can run in another
 * thread or process.
 *
 * A segment that the writer evicts while a reader has it open stays readable to its end; the reader
 * then reports what it missed. If the directory was deleted or renamed and the writer created it
 * again, the reader reopens it by its name.
 *
 * Thread: the caller's, one at a time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/spool/gaps.h"

struct gad_diag;
struct gad_spool_reader;

/* A record; or, with p == NULL, numbers seq .. end - 1: lost records, or numbers that no record
 * ever had (unused). */
struct gad_spool_item {
    uint64_t seq, end;    /* end = seq + 1 for a record */
    struct gad_time time; /* wall */
    const uint8_t *p;     /* borrowed until the next call for this reader */
    size_t len;
    unsigned kind;
    /* of a loss: power failed, and some of these numbers may never have been a record */
    bool at_most;
    bool unused;
    /* of a loss: no later record exists, so the writer may still restore it (mend.c) */
    bool at_end;
};

/**
 * gad_spool_reader_open() - opens a reader that begins with record @next Opens the directory; later
 * also one segment at a time. Limits: 256 KiB of memory.
 */
int gad_spool_reader_open(const char *directory, uint64_t next, struct gad_spool_reader **ret,
                          struct gad_diag *d) GAD_MUST_CHECK;
void gad_spool_reader_close(struct gad_spool_reader *r);
GAD_DEFINE_CLEANUP(struct gad_spool_reader, gad_spool_reader_close);

/* Passes the unused numbers of gad_spool_status after opening. Without it the reader learns them
 * from the heads of the segments, as long as those exist. */
void gad_spool_reader_know(struct gad_spool_reader *r, const struct gad_spool_gaps *gaps);

/* Continues with record @next, before or behind the current position. */
void gad_spool_reader_seek(struct gad_spool_reader *r, uint64_t next);

/* Returns the number of the next record, which is also what to acknowledge when everything read was
 * delivered. */
uint64_t gad_spool_reader_at(const struct gad_spool_reader *r);

/**
 * gad_spool_reader_next() - reads a record or a loss
 * @limit: gad_spool_status.end, current or older: what was committed before the call
 *
 * Returns 0; GAD_END: nothing below the limit; -errno of reading (retry, or
 * gad_spool_reader_give_up()); GAD_EVERSION: a segment of a later version.
 */
int gad_spool_reader_next(struct gad_spool_reader *r, uint64_t limit,
                          struct gad_spool_item *ret) GAD_MUST_CHECK;

/* Leaves a segment that cannot be read; the rest of it is returned as a loss. */
void gad_spool_reader_give_up(struct gad_spool_reader *r);

/* Checks whether a later segment exists, so that gad_spool_reader_gone() returns the end of the
 * open one. */
void gad_spool_reader_look(struct gad_spool_reader *r);

/* Returns gad_spool_place.gone: records from this number to the oldest of the spool cannot be read
 * any more. */
uint64_t gad_spool_reader_gone(const struct gad_spool_reader *r);
