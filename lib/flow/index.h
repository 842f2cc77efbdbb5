/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How a packet finds its flow: by the key, which is the same for both directions, a keyed hash of
 * it, and an index from hashes to flows. Peers choose addresses and ports, so without a secret they
 * could choose colliding ones.
 *
 * The index uses open addressing with linear probing, at most half full, without tombstones. An
 * entry holds 32 bits of the hash besides the flow's number, so a probe seldom reads a flow that is
 * not the one.
 *
 * The index grows with the number of flows, so that few flows stay within the processor's cache.
 * Growing cannot fail: memory for all sizes is reserved at once, and a size that is not reached is
 * not touched. Each size lies behind the one before. Growing reads no flow: an entry's tag gives
 * its place in every size.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/net/tuple.h"

/* The endpoint that sorts lower is a. All bytes count: keys are compared and hashed as five
 * words. */
struct gad_flow_key {
    uint64_t a[2], b[2]; /* addresses, in the byte order of the tuple */
    uint64_t rest;       /* port of a, port of b (16 bits each), vlan (24); IPv6, TCP, tunnel */
};

enum { /* shifts in rest */
       GAD_FLOW_KEY_VLAN = 32,
       GAD_FLOW_KEY_IPV6 = 56,
       GAD_FLOW_KEY_TCP = 57,
       GAD_FLOW_KEY_TUNNEL = 58,
};

struct gad_flow_secret {
    uint64_t k[2];
};

struct gad_flow_secret gad_flow_secret_of(const uint8_t bytes[static 16]);

/* Returns the key of a TCP or UDP tuple; *ret_src_is_b: its source is endpoint b. */
struct gad_flow_key gad_flow_key_of(const struct gad_tuple *t, uint32_t vlan, bool *ret_src_is_b);

/* Returns the tuple of a key, with endpoint b as the source, or a. */
struct gad_tuple gad_flow_key_tuple(const struct gad_flow_key *key, bool src_is_b);

/* SipHash-1-3 over the words in use: two for IPv4, five for IPv6. */
uint64_t gad_flow_key_hash(const struct gad_flow_key *key, const struct gad_flow_secret *secret);

static inline bool gad_flow_key_equal(const struct gad_flow_key *x, const struct gad_flow_key *y)
{
    return ((x->a[0] ^ y->a[0]) | (x->a[1] ^ y->a[1]) | (x->b[0] ^ y->b[0]) | (x->b[1] ^ y->b[1]) |
            (x->rest ^ y->rest)) == 0;
}

struct gad_flow_index_entry {
    uint32_t tag;  /* low half of the hash; its lowest bits are the entry's preferred place */
    uint32_t flow; /* 0: free */
};

struct gad_flow_index {
    struct gad_flow_index_entry *memory;  /* (2 * largest size); a table of n entries is at n */
    struct gad_flow_index_entry *entries; /* (mask + 1) */
    uint32_t mask, n, largest;            /* n: flows; largest: entries */
};

/* Allocates space for n flows, n <= GAD_FLOW_INDEX_MAX. */
enum { GAD_FLOW_INDEX_MAX = 1 << 28 };
int gad_flow_index_init(struct gad_flow_index *ix, size_t n) GAD_MUST_CHECK;
void gad_flow_index_deinit(struct gad_flow_index *ix);

static inline void gad_flow_index_prefetch(const struct gad_flow_index *ix, uint32_t tag)
{
    __builtin_prefetch(&ix->entries[tag & ix->mask], 1);
}

/* Returns the next flow with the tag of the hash; *at starts as the hash. 0: no more. */
uint32_t gad_flow_index_next(const struct gad_flow_index *ix, uint64_t hash, uint32_t *at);

void gad_flow_index_add(struct gad_flow_index *ix, uint64_t hash, uint32_t flow);
void gad_flow_index_remove(struct gad_flow_index *ix, uint32_t tag, uint32_t flow);
