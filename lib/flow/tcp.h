/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The TCP state machine of Bro 1.5.3 (src/TCP.cc, src/TCP_Endpoint.cc), whose connection states
 * KDD99 calls `flag`. Each side has a state, and a table combines both states. Bytes are counted
 * from sequence numbers: repeated bytes count once, bytes that were not captured count as soon as
 * both sides agree on them.
 *
 * Bro believes every packet. A sender of forged packets could thereby end, split or inflate the
 * connection of a victim, or hide its own. So here a packet is judged as its receiver does
 * (RFC 9293 section 3.10.7.4, RFC 5961), and where a sensor cannot know, what follows decides:
 *
 *     segment beyond a hole    its bytes and FIN count when the peer acknowledges them
 *     ACK of unseen bytes      counts when their sender continues there
 *     more than 1 MiB away     dropped, not inspected; counts when both sides agree as above
 *     no ACK flag, or an ACK far outside of the window: dropped
 *     RST, FIN                 at the expected number only; any other one counts at the end, if its
 *                              sender sent nothing more. A RST that its sender contradicts, by data
 *                              that the peer acknowledges, is revoked
 *     SYN of another number    opens a new connection when a SYN+ACK answers it
 *     SYN+ACK of another one   restarts the responder's numbers when the originator acknowledges it
 *
 * The module has no clock: it returns which of Bro's timers a packet starts.
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

/* What `doubt` of a side is. */
enum gad_tcp_doubt {
    GAD_TCP_SURE,
    GAD_TCP_DOUBT_SEGMENT, /* the end of a segment beyond a hole, or far away */
    GAD_TCP_DOUBT_ACK,     /* what the peer acknowledged, and the side was not seen to send */
    GAD_TCP_DOUBT_SYN,     /* the first number after another SYN+ACK */
};

/* Sequence numbers are stored as 64-bit distances from `start`, so they survive the wrap at
 * 2^32. */
struct gad_tcp_side {
    uint64_t last;    /* next number after its data, SYN and FIN; UDP: bytes */
    uint32_t start;   /* of the SYN; without a SYN, one less than the first byte */
    uint32_t unacked; /* the last ones that the peer has not acknowledged */
    /* a sequence number, see gad_tcp_doubt. After a RST: the peer's next one at that time */
    uint32_t doubt;
    uint8_t state, before; /* enum gad_tcp_state: now, and before the last change */
    uint8_t doubt_is;      /* enum gad_tcp_doubt */
    bool is_numbered : 1;  /* start is known: from its packets, or from an ACK of the peer */
    bool fin : 1;          /* sent a FIN, which takes a sequence number */
    bool closed : 1;       /* its end was processed */
    bool doubt_fin : 1;    /* the segment in doubt has a FIN */
    bool doubt_rst : 1;    /* sent a RST of a wrong number, and nothing since */
    bool after_rst : 1;    /* sent data after its RST */
};

/* Effects of a packet, combined by |. */
enum gad_tcp_effect {
    GAD_TCP_ENDED = 1,       /* the connection ended: kept only for late packets */
    GAD_TCP_RESET_AFTER = 2, /* RST after its own FIN, while the other side is open */
    /* the first packet seen of a side ended it, and the other side has not ended */
    GAD_TCP_HALF_SEEN = 4,
    GAD_TCP_REVOKED = 8,     /* an earlier RST: the connection continues */
    GAD_TCP_DROPPED = 16,    /* the receiver drops the packet: not to be inspected */
    GAD_TCP_WRONG = 32,      /* its numbers are outside of the window */
    GAD_TCP_RENUMBERED = 64, /* its sender's numbers begin again; what came before was another's */
};

/* @from_originator: side 0 is the originator's. Returns effects. A SYN that gad_tcp_syn() does not
 * call GAD_TCP_SYN_BELONGS must not be passed. */
unsigned gad_tcp_packet(struct gad_tcp_side side[static 2], bool from_originator,
                        const struct gad_packet *p);

enum gad_tcp_syn {
    GAD_TCP_SYN_BELONGS, /* to this connection; also returned for a packet without SYN */
    GAD_TCP_SYN_OPENS,   /* a new connection on the same ports */
    GAD_TCP_SYN_DOUBTED, /* opens a new connection if it is answered */
};

enum gad_tcp_syn gad_tcp_syn(const struct gad_tcp_side side[static 2], bool from_originator,
                             const struct gad_packet *p);

/* The originator is one that sent the SYN numbered start. */
void gad_tcp_restart(struct gad_tcp_side *originator, uint32_t start);

/* Decides what is still in doubt, at the end of a connection: what nothing contradicted counts, if
 * it is near. */
void gad_tcp_finish(struct gad_tcp_side side[static 2]);

/* SYN sent, by one side or both, and no answer. */
static inline bool gad_tcp_is_attempt(const struct gad_tcp_side side[static 2])
{
    return (side[0].state == GAD_TCP_SYN_SENT || side[0].state == GAD_TCP_SYN_ACK_SENT) &&
           (side[1].state == GAD_TCP_INACTIVE || side[1].state == GAD_TCP_SYN_SENT);
}

/* Both sides were seen beyond their first SYN. */
bool gad_tcp_was_open(const struct gad_tcp_side side[static 2]);

/* Call gad_tcp_finish() first. */
enum gad_conn_state gad_tcp_conn_state(const struct gad_tcp_side side[static 2]);

/* Returns the payload bytes of a side, without SYN and FIN. */
uint64_t gad_tcp_bytes(const struct gad_tcp_side *side);

/* Returns the distance from side->start up to which the peer has acknowledged. */
static inline uint64_t gad_tcp_acked(const struct gad_tcp_side *side)
{
    return side->last - side->unacked;
}

/* Returns the sequence number after what is believed of a side. */
static inline uint32_t gad_tcp_next(const struct gad_tcp_side *side)
{
    return side->start + (uint32_t)side->last;
}

/* Returns the distance of the first payload byte of p from side->start; negative for bytes
 * before it. Call it after gad_tcp_packet(). */
int64_t gad_tcp_offset(const struct gad_tcp_side *side, const struct gad_packet *p);
