/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reads a spool's records in order, up to where the writer says that they are committed, and says what is missing.
 * It shares nothing with the writer but files and that one number, so that it may run in another thread, or process.
 *
 * A segment that is deleted under a reader (quota) stays readable for it to its end; what it then misses, it reports.
 * A directory that was deleted or renamed, and made again by the writer, is opened again by its name.
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

/* A record; or, with p == NULL, numbers seq .. end - 1: lost records, or numbers that no record ever had (unused). */
struct gad_spool_item {
    uint64_t seq, end;    /* end = seq + 1 for a record */
    struct gad_time time; /* wall */
    const uint8_t *p;     /* borrowed until the next call for this reader */
    size_t len;
    unsigned kind;
    bool
        at_most; /* of a loss: power went, and some of these numbers may never have been a record */
    bool unused;
    bool
        at_end; /* of a loss: no later record is there, so that the writer may still mend it (mend.c) */
};

/**
 * gad_spool_reader_open() - begin with record @next
 * Opens the directory; one segment at a time is open later. Takes 256 KiB.
 */
int gad_spool_reader_open(const char *directory, uint64_t next, struct gad_spool_reader **ret,
                          struct gad_diag *d) GAD_MUST_CHECK;
void gad_spool_reader_close(struct gad_spool_reader *r);
GAD_DEFINE_CLEANUP(struct gad_spool_reader, gad_spool_reader_close);

/* Which numbers were never used, as gad_spool_status has it after opening: without it the heads of the segments say it,
 * as long as they are there. */
void gad_spool_reader_know(struct gad_spool_reader *r, const struct gad_spool_gaps *gaps);

/* Go on with record @next, before or behind where it is. */
void gad_spool_reader_seek(struct gad_spool_reader *r, uint64_t next);

/* The record that comes next, and what to acknowledge if everything read was delivered. */
uint64_t gad_spool_reader_at(const struct gad_spool_reader *r);

/**
 * gad_spool_reader_next() - a record or a loss
 * @limit: gad_spool_status.end, or an older one: what was committed before the call
 *
 * Return: 0; GAD_END: nothing below the limit; -errno of reading (try again, or gad_spool_reader_give_up());
 * GAD_EVERSION: a segment of a later version.
 */
int gad_spool_reader_next(struct gad_spool_reader *r, uint64_t limit,
                          struct gad_spool_item *ret) GAD_MUST_CHECK;

/* Leaves the segment that cannot be read; the rest of it comes as a loss. */
void gad_spool_reader_give_up(struct gad_spool_reader *r);

/* Looks whether there is a segment behind the open one, so that gad_spool_reader_gone() knows where it ends. */
void gad_spool_reader_look(struct gad_spool_reader *r);

/* If the oldest record that is left is behind this number, those from it on cannot be read any more: gad_spool_place. */
uint64_t gad_spool_reader_gone(const struct gad_spool_reader *r);
