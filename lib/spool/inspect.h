/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A spool from outside: reads, changes nothing, takes no lock, whether a writer is at it or not. */

#include "lib/spool/reader.h"
#include "lib/spool/spool.h"

struct gad_spool_segment_view {
    uint64_t first; /* by its name */
    uint64_t bytes;
};

struct gad_spool_view {
    unsigned slots_whole; /* of two; 0: what comes from the state is not known */
    bool clean;           /* the writer came to its end */
    enum gad_spool_sync sync;
    uint64_t next, reserved; /* as the state says, which lags behind a writer by up to a second */
    struct gad_spool_totals totals;
    struct gad_spool_cursor cursor[GAD_SPOOL_CURSORS];
    struct gad_spool_gaps gaps; /* numbers that have no record */
    size_t n_segments, n_foreign;
    struct gad_spool_segment_view *segment; /* (n_segments) */
    uint64_t bytes;
};

/* Errors as of gad_spool_open(); a state that is damaged or missing is none. */
int gad_spool_view(const char *directory, struct gad_spool_view *ret,
                   struct gad_diag *d) GAD_MUST_CHECK;
/* What waits for that cursor, and what it has lost besides cursor.lost. */
struct gad_spool_share gad_spool_view_share(const struct gad_spool_view *v, size_t cursor);
void gad_spool_view_deinit(struct gad_spool_view *v);

/* What one segment holds. */
struct gad_spool_content {
    int head; /* 0, or why its head cannot be believed: GAD_ETRUNC, GAD_EFORMAT, GAD_EMISMATCH, GAD_EVERSION */
    struct gad_time created; /* wall; 0: not known (begun after a crash) */
    uint64_t n;              /* records */
    uint64_t first, last;    /* numbers of the first and the last one */
    struct gad_time first_time, last_time;
    uint64_t
        damaged; /* bytes that are no record; while a writer is at it, also what it is writing */
};

/**
 * gad_spool_look() - read one segment
 * @first: its number, from gad_spool_view()
 * @each:  called for each record, in the file's order; may be NULL; not 0 stops and is returned
 */
int gad_spool_look(const char *directory, uint64_t first,
                   int (*each)(void *arg, const struct gad_spool_item *item), void *arg,
                   struct gad_spool_content *ret, struct gad_diag *d) GAD_MUST_CHECK;
