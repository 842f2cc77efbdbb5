/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Sequence numbers that have no record in the spool, as far as the writer knows them: numbers that no record ever had
 * (after a crash), and numbers of records that are lost (dropped, or deleted from outside). With them and the two ends of
 * the spool it is known at once what waits for an output and what it has lost, before its reader comes there.
 *
 * The list is bounded. When it is full the oldest range of lost records is forgotten: it counts as waiting until a
 * reader meets it. If there is none, the oldest range of unused numbers is: below gad_spool_gaps.unsure a loss is an
 * upper limit.
 *
 * Pure: no files, no memory of its own.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GAD_SPOOL_GAPS = 64 };

enum gad_spool_gap_kind {
    GAD_SPOOL_LOST = 0,   /* a record had each of these numbers, and it is gone */
    GAD_SPOOL_UNUSED = 1, /* no record ever had one of these numbers */
    GAD_SPOOL_MAYBE = 2,  /* perhaps lost, perhaps unused: counted as lost, an upper limit */
    GAD_SPOOL_GAP_KINDS
};

struct gad_spool_gap {
    uint64_t first, end; /* numbers first .. end - 1; first < end */
    enum gad_spool_gap_kind kind;
};

struct gad_spool_gaps {
    uint64_t unsure; /* below it unused numbers may have been forgotten; 0: none were */
    size_t n;
    struct gad_spool_gap gap[GAD_SPOOL_GAPS]; /* (n), rising, apart */
};

/* Adds those of the numbers first .. end - 1 that no range has yet. */
void gad_spool_gaps_add(struct gad_spool_gaps *g, uint64_t first, uint64_t end,
                        enum gad_spool_gap_kind kind);

/* Forgets the numbers below @seq: no output comes there any more. */
void gad_spool_gaps_forget(struct gad_spool_gaps *g, uint64_t seq);

/* How many of the numbers first .. end - 1 are of that kind. */
uint64_t gad_spool_gaps_count(const struct gad_spool_gaps *g, uint64_t first, uint64_t end,
                              enum gad_spool_gap_kind kind);

/**
 * gad_spool_gaps_part() - what the first of the numbers first .. end - 1, none of which has a record, are
 * @ret_kind: GAD_SPOOL_LOST if the list does not have them
 * Return: the end of that part, above @first and at most @end.
 */
uint64_t gad_spool_gaps_part(const struct gad_spool_gaps *g, uint64_t first, uint64_t end,
                             enum gad_spool_gap_kind *ret_kind);

/* Is it a list that the functions above can have made, of numbers below @limit? */
bool gad_spool_gaps_are_sane(const struct gad_spool_gaps *g, uint64_t limit);

/* Where an output stands, by what it knows itself. */
struct gad_spool_place {
    uint64_t next; /* the number that it comes to next */
    uint64_t
        gone; /* if this is below the oldest number of the spool, it cannot read from here on to that one */
    uint64_t known; /* numbers before it were delivered, or reported as lost, at least once */
};

struct gad_spool_share {
    uint64_t waiting; /* records that it has not come to, and can read */
    uint64_t lost;    /* records that it has not come to, and cannot read any more */
    uint64_t at_most; /* of those lost: the ones that may never have been a record */
};

/* What the spool has for an output. @oldest, @end: of gad_spool_status. */
struct gad_spool_share gad_spool_gaps_share(const struct gad_spool_gaps *g, uint64_t oldest,
                                            uint64_t end, const struct gad_spool_place *p);
