/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inspects a spool from outside, with or without a writer: reads only, takes no lock. */

#include "lib/spool/reader.h"
#include "lib/spool/spool.h"

struct gad_spool_segment_view {
    uint64_t first; /* first number, from its name */
    uint64_t bytes;
};

struct gad_spool_view {
    /* whole slots of two; 0: the members that come from the state are unknown */
    unsigned slots_whole;
    bool clean; /* the last writer called gad_spool_finish() */
    enum gad_spool_sync sync;
    uint64_t next, reserved; /* from the state, which lags behind a writer by up to a second */
    struct gad_spool_totals totals;
    struct gad_spool_cursor cursor[GAD_SPOOL_CURSORS];
    struct gad_spool_gaps gaps; /* numbers that have no record */
    size_t n_segments, n_foreign;
    struct gad_spool_segment_view *segment; /* (n_segments) */
    uint64_t bytes;
};

/* Errors as of gad_spool_open(). A damaged or missing state is not an error. The caller frees *ret
 * with gad_spool_view_deinit(). */
int gad_spool_view(const char *directory, struct gad_spool_view *ret,
                   struct gad_diag *d) GAD_MUST_CHECK;
/* Returns what waits for that cursor, and what it has lost in addition to cursor.lost. */
struct gad_spool_share gad_spool_view_share(const struct gad_spool_view *v, size_t cursor);
void gad_spool_view_deinit(struct gad_spool_view *v);

/* The contents of one segment. */
struct gad_spool_content {
    /* 0, or why its head is invalid: GAD_ETRUNC, GAD_EFORMAT, GAD_EMISMATCH, GAD_EVERSION */
    int head;
    struct gad_time created; /* wall; 0: unknown (begun after a crash) */
    uint64_t n;              /* records */
    uint64_t first, last;    /* numbers of the first and the last one */
    struct gad_time first_time, last_time;
    uint64_t damaged; /* bytes that are not a record; with a writer, also what it is writing now */
};

/**
 * gad_spool_look() - reads one segment
 * @first: its number, from gad_spool_view()
 * @each: called for each record, in the order of the file; may be NULL; a value other than 0 stops
 * and is returned
 */
int gad_spool_look(const char *directory, uint64_t first,
                   int (*each)(void *arg, const struct gad_spool_item *item), void *arg,
                   struct gad_spool_content *ret, struct gad_diag *d) GAD_MUST_CHECK;
