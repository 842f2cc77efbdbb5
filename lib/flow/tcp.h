/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The TCP state machine of Bro 1.5.3 (src/TCP.cc, src/TCP_Endpoint.cc), whose connection states KDD99 calls
 * `flag`: a state for each side, moved by flags alone, and a table that makes one state of the two. Bytes are
 * counted from sequence numbers, so that what nobody saw counts when it was acknowledged or jumped over, and what
 * came twice counts once. Knows no time: it says which of Bro's timers a packet starts.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/flow/conn.h"
#include "lib/net/packet.h"

enum gad_tcp_state {
    GAD_TCP_INACTIVE, /* nothing seen of this side */
    GAD_TCP_SYN_SENT,
    GAD_TCP_SYN_ACK_SENT, /* an originator that began with SYN and ACK */
    GAD_TCP_PARTIAL,      /* data or ACK without SYN */
    GAD_TCP_ESTABLISHED,
    GAD_TCP_CLOSED, /* sent FIN */
    GAD_TCP_RESET,  /* sent RST */
};

/* Sequence numbers are kept as distances from `start`, with 64 bits, so they survive the wrap at 2^32. */
struct gad_tcp_side {
    uint32_t start;        /* of the SYN; without one, one less than the first byte */
    uint8_t state, before; /* enum gad_tcp_state: now, and before the last change */
    bool fin;              /* sent a FIN, which took a number */
    bool closed;           /* its end was seen and dealt with */
    uint64_t last, acked;  /* next number after what it sent; after what the peer acknowledged */
};

/* What a packet did to the connection, for its timers. */
enum gad_tcp_event {
    GAD_TCP_NOTHING,
    GAD_TCP_ENDED,       /* over: kept only for stragglers */
    GAD_TCP_RESET_AFTER, /* RST after the own FIN, of a connection still open at the other side */
    GAD_TCP_HALF_SEEN, /* the first that was seen of a side was its end, and the other has not ended */
};

/* @from_originator: side 0 is the originator's. */
enum gad_tcp_event gad_tcp_packet(struct gad_tcp_side side[static 2], bool from_originator,
                                  const struct gad_packet *p);

/* A SYN (or, of a half-seen connection, SYN and ACK) that begins a new connection on the same tuple. */
bool gad_tcp_is_reuse(const struct gad_tcp_side side[static 2], const struct gad_packet *p);

/* SYN sent and nothing heard. */
static inline bool gad_tcp_is_attempt(const struct gad_tcp_side side[static 2])
{
    return (side[0].state == GAD_TCP_SYN_SENT || side[0].state == GAD_TCP_SYN_ACK_SENT) &&
           side[1].state == GAD_TCP_INACTIVE;
}

enum gad_conn_state gad_tcp_conn_state(const struct gad_tcp_side side[static 2]);

/* Payload bytes of a side, without SYN and FIN. */
uint64_t gad_tcp_bytes(const struct gad_tcp_side *side);

/* Distance of the first payload byte of p from side->start; negative for what lies before. After
 * gad_tcp_packet(). */
int64_t gad_tcp_offset(const struct gad_tcp_side *side, const struct gad_packet *p);
