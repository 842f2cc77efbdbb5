/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The hosts, their accounts, and the filler of downloads. A site of 1,016 clients and 40 servers is
 * captured at its edge; outside are 4,064 clients and 1,016 servers, with very different
 * frequencies, and attackers.
 *
 *     10.20.0.0/22    clients; 10.20.2.0/24 in a VLAN, 10.20.3.0/24 in one within another
 *     172.16.112.0/24 servers; 172.16.115.0/24 unused addresses
 *     198.18.0.0/20   clients outside; 198.19.0.0/22 servers outside (RFC 2544)
 *     203.0.113.0/24  attackers (RFC 5737); 192.0.2.0/24 addresses that they forge;
 *                     198.51.100.0/24 hosts that reflect their packets
 *
 * Each host has an IPv6 address too: 2001:db8::, with its IPv4 address in the last 32 bits.
 */

#include "tools/ganad-traffic/session.h"

enum { WORLD_POOL = 1 << 16, WORLD_POOL_SLACK = 2048, WORLD_PORTS = 8192, WORLD_SITES = 1016 };

struct world {
    uint16_t next_port[WORLD_PORTS]; /* by hash of the address */
    uint32_t n_attackers, n_forged;
    uint32_t rank_inside[4], rank_outside[WORLD_SITES];
    uint8_t text[WORLD_POOL + WORLD_POOL_SLACK], binary[WORLD_POOL + WORLD_POOL_SLACK];
};

int world_new(uint64_t seed, struct world **ret) GAD_MUST_CHECK;
void world_free(struct world *w);
GAD_DEFINE_CLEANUP(struct world, world_free);

/* A port that this host has not used recently. */
uint16_t world_port(struct world *w, const struct endpoint *e);

enum world_family { WORLD_ANY_FAMILY, WORLD_IPV4 };

/* A client and a plausible server of @port for it; sometimes both with IPv6. */
void world_pair(struct session *s, uint16_t port, enum world_family family, struct endpoint *client,
                struct endpoint *server);

/* IPv4, without a port unless it is an argument. */
void world_inside_server(struct session *s, uint16_t port, struct endpoint *ret);
void world_server_number(uint32_t n, struct endpoint *ret);
void world_unused(struct session *s, struct endpoint *ret); /* no host has this address */
void world_attacker(struct world *w, struct endpoint *ret); /* a different one each time, of 250 */
void world_forged(struct world *w, struct endpoint *ret);   /* with a port; never the same twice */
void world_helper(uint32_t n, struct endpoint *ret);

/* Accounts of the site, without root and guests. */
struct user {
    const char *name, *password;
};

const struct user *user_any(struct gad_rng *r);
