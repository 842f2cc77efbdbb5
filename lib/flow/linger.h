/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * TCP connections that ended a short time ago. Late packets of them, such as a repeated FIN, a RST,
 * data in flight or a keepalive, make no connection of their own. Only a SYN does, or a packet that
 * shows that the connection continues: data beyond its end from a side that had ended, or an
 * acknowledgement of such data. So a forged end cannot hide what follows.
 *
 * Of a connection that ended without FIN or RST, by a time-out or by eviction, only the originator
 * is remembered: what follows is a connection with a known direction.
 *
 * The table has a fixed size. An entry is found by 46 bits of a keyed hash. When the four places of
 * an entry are taken, the one that expires first is evicted.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/net/packet.h"

enum { GAD_LINGER_MAX = 1 << 16 }; /* entries, 20 bytes each */

struct gad_lingering {
    uint32_t tag;     /* high half of the hash */
    uint32_t until;   /* table clock, in units of 2^30 ns (1.07 s); 0: free */
    uint32_t next[2]; /* by endpoint of the key: the number after the last byte that it sent */
    bool orig_is_b;
    bool ended : 1;
    bool took_data : 1; /* late packets with bytes beyond the end, which were not inspected */
    bool reset[2];      /* by endpoint: sent the RST that ended it */
};

struct gad_linger {
    struct gad_lingering *entries; /* (GAD_LINGER_MAX), four to a hash */
    uint64_t evicted;
};

int gad_linger_init(struct gad_linger *l) GAD_MUST_CHECK;
void gad_linger_deinit(struct gad_linger *l);

/* Forgets all, at the end of the input. */
void gad_linger_clear(struct gad_linger *l);

/* @now, @until: table clock, ns. @e: tag and until are set here. */
void gad_linger_add(struct gad_linger *l, uint64_t hash, int64_t now, int64_t until,
                    const struct gad_lingering *e);

/* Returns the entry of a hash; NULL: it is missing or has expired. */
struct gad_lingering *gad_linger_find(const struct gad_linger *l, uint64_t hash, int64_t now);

/* Is a TCP packet without SYN a late one of that connection? */
bool gad_linger_is_late(struct gad_lingering *e, bool src_is_b, const struct gad_packet *p);
