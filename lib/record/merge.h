/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Records of several sources in one order: by decision time; at the same time by the source's
 * number; within a source in their order. A record is emitted as soon as no source can have an
 * earlier one. So the result depends on the sources, not on when each was read.
 *
 * Waiting records are kept in memory that grows; reading the slowest source first keeps it small.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/record/record.h"

struct gad_merge;

enum { GAD_MERGE_SOURCES_MAX = 64 };

struct gad_merge_item {
    struct gad_time decided;
    size_t source;
    struct gad_record rec;
};

/* @n: sources, 1 .. GAD_MERGE_SOURCES_MAX */
int gad_merge_new(size_t n, struct gad_merge **ret) GAD_MUST_CHECK;
void gad_merge_free(struct gad_merge *m);
GAD_DEFINE_CLEANUP(struct gad_merge, gad_merge_free);

/* Adds a source's next record; one earlier than the source's current time counts as of that time.
 * Returns the record, for the caller to fill in before the next call of any kind; NULL: no memory.
 */
struct gad_record *gad_merge_put(struct gad_merge *m, size_t source,
                                 struct gad_time decided) GAD_MUST_CHECK;

/* Sets the packet time of a source: it has no records from before it. */
void gad_merge_reach(struct gad_merge *m, size_t source, struct gad_time now);

/*
 * Marks a source as idle: it has no records now, and the others do not wait for it. Before its next
 * record is put, the caller clears the mark; that record then counts as no earlier than the records
 * taken by then. If no source has or awaits records, the order begins again: the end of an input
 * has records that are later than its last packet, and the next input can continue from that.
 */
void gad_merge_set_idle(struct gad_merge *m, size_t source, bool idle);

/* Ends a source: it has no more records. */
void gad_merge_end(struct gad_merge *m, size_t source);

/* Returns the next record if its turn is certain, else NULL. It stays valid until a record is put,
 * and the caller may change it. */
struct gad_merge_item *gad_merge_take(struct gad_merge *m);

/* Returns the source that the others wait for: the earliest of those that have not ended and are
 * not idle; n: there is no such source. */
size_t gad_merge_slowest(const struct gad_merge *m);
