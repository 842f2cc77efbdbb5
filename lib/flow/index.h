/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * From a hash to flows: open addressing, linear probing, at most half full, no tombstones. An entry holds 32 bits of
 * the hash besides the flow's number, so that a probe seldom has to look at a flow that is not the one.
 *
 * The table grows with the flows, so that a few of them are in the cache of a processor and not strewn over memory for
 * a quarter of a million. That cannot fail: memory for all sizes is reserved at once, and a size that is not reached
 * is not touched. Each size is behind the one before, and entries know their place in any: no flow is looked at.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct gad_flow_index_entry {
    uint32_t tag;  /* low half of the hash; its lowest bits are where the entry would like to be */
    uint32_t flow; /* 0: free */
};

struct gad_flow_index {
    struct gad_flow_index_entry *memory;  /* (2 * largest size); a table of n entries is at n */
    struct gad_flow_index_entry *entries; /* (mask + 1) */
    uint32_t mask, n, largest;            /* n: flows; largest: entries */
};

/* Room for n flows, n <= GAD_FLOW_INDEX_MAX. */
enum { GAD_FLOW_INDEX_MAX = 1 << 28 };
int gad_flow_index_init(struct gad_flow_index *ix, size_t n) GAD_MUST_CHECK;
void gad_flow_index_deinit(struct gad_flow_index *ix);

static inline void gad_flow_index_prefetch(const struct gad_flow_index *ix, uint32_t tag)
{
    __builtin_prefetch(&ix->entries[tag & ix->mask], 1);
}

/* Walks over the flows whose tag is that of the hash: *at begins as the hash. 0: no more. */
uint32_t gad_flow_index_next(const struct gad_flow_index *ix, uint64_t hash, uint32_t *at);

void gad_flow_index_add(struct gad_flow_index *ix, uint64_t hash, uint32_t flow);
void gad_flow_index_remove(struct gad_flow_index *ix, uint32_t tag, uint32_t flow);
