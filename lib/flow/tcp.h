/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The TCP state machine of Bro 1.5.3 (src/TCP.cc, src/TCP_Endpoint.cc), whose connection states
 * KDD99 calls `flag`. Each side has a state, which flags alone change, and a table combines both
 * states. Bytes are counted from sequence numbers: bytes that were not captured count when they
 * were acknowledged or skipped, and repeated bytes count once. The module has no clock: it returns
 * which of Bro's timers a packet starts.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/flow/conn.h"
#include "lib/net/packet.h"

enum gad_tcp_state {
    GAD_TCP_INACTIVE, /* nothing seen of this side */
    GAD_TCP_SYN_SENT,
    GAD_TCP_SYN_ACK_SENT, /* an originator whose first packet was SYN+ACK */
    GAD_TCP_PARTIAL,      /* data or ACK without SYN */
    GAD_TCP_ESTABLISHED,
    GAD_TCP_CLOSED, /* sent FIN */
    GAD_TCP_RESET,  /* sent RST */
};

/* Sequence numbers are stored as 64-bit distances from `start`, so they survive the wrap at
 * 2^32. */
struct gad_tcp_side {
    uint32_t start;        /* of the SYN; without a SYN, one less than the first byte */
    uint8_t state, before; /* enum gad_tcp_state: now, and before the last change */
    bool fin;              /* sent a FIN, which takes a sequence number */
    bool closed;           /* its end was processed */
    uint64_t last, acked;  /* next number after its data; next number that the peer acknowledged */
};

/* Effect of a packet on the connection, for its timers. */
enum gad_tcp_event {
    GAD_TCP_NOTHING,
    GAD_TCP_ENDED,       /* ended: kept only for late packets */
    GAD_TCP_RESET_AFTER, /* RST after its own FIN, while the other side is open */
    /* the first packet seen of a side ended it, and the other side has not ended */
    GAD_TCP_HALF_SEEN,
};

/* @from_originator: side 0 is the originator's. */
enum gad_tcp_event gad_tcp_packet(struct gad_tcp_side side[static 2], bool from_originator,
                                  const struct gad_packet *p);

/* Does a SYN (of a half-seen connection also a SYN+ACK) begin a new connection on the same
 * tuple? */
bool gad_tcp_is_reuse(const struct gad_tcp_side side[static 2], const struct gad_packet *p);

/* SYN sent, no answer. */
static inline bool gad_tcp_is_attempt(const struct gad_tcp_side side[static 2])
{
    return (side[0].state == GAD_TCP_SYN_SENT || side[0].state == GAD_TCP_SYN_ACK_SENT) &&
           side[1].state == GAD_TCP_INACTIVE;
}

enum gad_conn_state gad_tcp_conn_state(const struct gad_tcp_side side[static 2]);

/* Returns the payload bytes of a side, without SYN and FIN. */
uint64_t gad_tcp_bytes(const struct gad_tcp_side *side);

/* Returns the distance of the first payload byte of p from side->start; negative for bytes
 * before it. Call it after gad_tcp_packet(). */
int64_t gad_tcp_offset(const struct gad_tcp_side *side, const struct gad_packet *p);
