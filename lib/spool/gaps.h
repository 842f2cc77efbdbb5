/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Sequence numbers that have no record in the spool, as far as the writer can tell. Either no
 * record ever had the number (after a crash), or its record is lost (dropped, or deleted by someone
 * else). From this list and the two ends of the spool the daemon computes at once what waits for an
 * output and what it has lost, before its reader arrives there.
 *
 * The list is bounded. When it is full, the oldest range of lost records is forgotten: it counts as
 * waiting until a reader finds it. If the list has no such range, the oldest range of unused
 * numbers is forgotten: below gad_spool_gaps.unsure a loss is an upper limit.
 *
 * Pure: no files, no allocation.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GAD_SPOOL_GAPS = 64 };

enum gad_spool_gap_kind {
    GAD_SPOOL_LOST = 0,   /* a record had each of these numbers, and is lost */
    GAD_SPOOL_UNUSED = 1, /* no record ever had one of these numbers */
    GAD_SPOOL_MAYBE = 2,  /* perhaps lost, perhaps unused: counted as lost, an upper limit */
    GAD_SPOOL_GAP_KINDS
};

struct gad_spool_gap {
    uint64_t first, end; /* numbers first .. end - 1; first < end */
    enum gad_spool_gap_kind kind;
};

struct gad_spool_gaps {
    uint64_t unsure; /* unused numbers below it may have been forgotten; 0: nothing was forgotten */
    size_t n;
    struct gad_spool_gap gap[GAD_SPOOL_GAPS]; /* (n), rising, disjoint */
};

/* Adds the numbers first .. end - 1, except those that a range has already. */
void gad_spool_gaps_add(struct gad_spool_gaps *g, uint64_t first, uint64_t end,
                        enum gad_spool_gap_kind kind);

/* Forgets the numbers below @seq, which every output has passed. */
void gad_spool_gaps_forget(struct gad_spool_gaps *g, uint64_t seq);

/* Counts the numbers first .. end - 1 of that kind. */
uint64_t gad_spool_gaps_count(const struct gad_spool_gaps *g, uint64_t first, uint64_t end,
                              enum gad_spool_gap_kind kind);

/**
 * gad_spool_gaps_part() - finds the kind of the first of the numbers first .. end - 1, none of
 * which has a record
 * @ret_kind: GAD_SPOOL_LOST if the list does not have the numbers
 * Returns the end of the part of that kind, above @first and at most @end.
 */
uint64_t gad_spool_gaps_part(const struct gad_spool_gaps *g, uint64_t first, uint64_t end,
                             enum gad_spool_gap_kind *ret_kind);

/* Whether the functions above can have made this list of numbers below @limit. */
bool gad_spool_gaps_are_sane(const struct gad_spool_gaps *g, uint64_t limit);

/* The position of an output, by its own count. */
struct gad_spool_place {
    uint64_t next; /* the number that it reads next */
    /* numbers from this one to the oldest of the spool cannot be read any more, if the oldest is
     * larger */
    uint64_t gone;
    uint64_t known; /* numbers before it were delivered, or reported as lost, at least once */
};

struct gad_spool_share {
    uint64_t waiting; /* records that it has not read yet and can read */
    uint64_t lost;    /* records that it has not read and cannot read any more */
    uint64_t at_most; /* of those lost: numbers that may never have been a record */
};

/* Returns what the spool has for an output. @oldest, @end: of gad_spool_status. */
struct gad_spool_share gad_spool_gaps_share(const struct gad_spool_gaps *g, uint64_t oldest,
                                            uint64_t end, const struct gad_spool_place *p);
