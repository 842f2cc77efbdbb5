/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Records of several sources in one order: by the time they were decided, at the same time by the source's
 * number, within a source as they came. A record comes out as soon as no source can have one before it, so what
 * comes out depends on the sources only and not on who was read when.
 *
 * What waits is kept, in memory that grows: who reads the slowest source first, keeps it small.
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

/* A source's next record; one earlier than the source has come to counts as of then. 0 or GAD_ENOMEM. */
int gad_merge_put(struct gad_merge *m, size_t source, struct gad_time decided,
                  const struct gad_record *r) GAD_MUST_CHECK;

/* Packet time that the source has come to: it will have nothing from before. */
void gad_merge_reach(struct gad_merge *m, size_t source, struct gad_time now);

/*
 * It has nothing for now and nobody knows when it will: the others do not wait for it. When it has something again
 * (idle is false before that is put), that counts as no earlier than what was taken by then.
 */
void gad_merge_set_idle(struct gad_merge *m, size_t source, bool idle);

/* It will have nothing more. */
void gad_merge_end(struct gad_merge *m, size_t source);

/* The next record, if it is known which one that is; false if not. */
bool gad_merge_take(struct gad_merge *m, struct gad_merge_item *ret);

/* The source that the others wait for: the one that came least far, of those that have not ended and are not idle.
 * n if there is none. */
size_t gad_merge_slowest(const struct gad_merge *m);
