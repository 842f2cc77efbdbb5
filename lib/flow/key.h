/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What tells two flows apart, with both directions the same, and its keyed hash. Peers choose addresses and
 * ports, so without a secret they could choose them to collide.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/net/tuple.h"

/* The endpoint that sorts lower is a. All bytes count: keys are compared and hashed as five words. */
struct gad_flow_key {
    uint64_t a[2], b[2]; /* addresses as they lie in the tuple */
    uint64_t rest;       /* port of a, port of b (16 bits each), vlan (24), IPv6 (1), TCP (1) */
};

enum { GAD_FLOW_KEY_VLAN = 32, GAD_FLOW_KEY_IPV6 = 56, GAD_FLOW_KEY_TCP = 57 }; /* shifts in rest */

struct gad_flow_secret {
    uint64_t k[2];
};

struct gad_flow_secret gad_flow_secret_of(const uint8_t bytes[static 16]);

/* The key of a TCP or UDP tuple; *ret_src_is_b: its source is endpoint b. */
struct gad_flow_key gad_flow_key_of(const struct gad_tuple *t, uint32_t vlan, bool *ret_src_is_b);

/* Back again, with endpoint b as the source or a. */
struct gad_tuple gad_flow_key_tuple(const struct gad_flow_key *key, bool src_is_b);

/* SipHash-1-3 over the words that count: two for IPv4, five for IPv6. */
uint64_t gad_flow_key_hash(const struct gad_flow_key *key, const struct gad_flow_secret *secret);

static inline bool gad_flow_key_equal(const struct gad_flow_key *x, const struct gad_flow_key *y)
{
    return ((x->a[0] ^ y->a[0]) | (x->a[1] ^ y->a[1]) | (x->b[0] ^ y->b[0]) | (x->b[1] ^ y->b[1]) |
            (x->rest ^ y->rest)) == 0;
}
