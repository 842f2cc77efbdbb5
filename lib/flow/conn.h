/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A finished connection, as a value: a TCP connection, a UDP exchange (5-tuple, until it is idle),
 * or one ICMP message.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/time.h"
#include "lib/inspect/content.h"
#include "lib/inspect/detect.h"
#include "lib/net/tuple.h"

/* Connection states of Bro, KDD99's `flag`. */
enum gad_conn_state {
    GAD_CONN_SF,
    GAD_CONN_S0,
    GAD_CONN_REJ,
    GAD_CONN_RSTR,
    GAD_CONN_RSTO,
    GAD_CONN_SH,
    GAD_CONN_S1,
    GAD_CONN_S2,
    GAD_CONN_RSTOS0,
    GAD_CONN_S3,
    GAD_CONN_OTH,
    GAD_CONN_RSTRH, /* not in KDD99; lib/record maps both to OTH */
    GAD_CONN_SHR,
    GAD_N_CONN_STATES,
};

/* What the reader of a connection must know of it, to be combined by |. */
enum gad_conn_note {
    GAD_NOTE_GUESSED = 1,     /* no handshake was seen: which side is the originator is a guess */
    GAD_NOTE_AMBIGUOUS = 2,   /* copies of the same bytes differed; all of them were inspected */
    GAD_NOTE_INTERIM = 4,     /* the connection continues; its final record follows */
    GAD_NOTE_CUT = 8,         /* ended by the end of the capture, not on the network */
    GAD_NOTE_BACKGROUND = 32, /* ICMPv6 that each link has (icmp.h): never anomalous */
    GAD_NOTE_BLIND = 16,      /* payload was not inspected, or only in part, for lack of memory */
};

struct gad_conn {
    struct gad_tuple tuple;     /* src is the originator; ICMP: ports 0 */
    struct gad_time start, end; /* first and last packet */
    /* a span, as KDD99 counts it: to the packet that ended it, not to late packets. 0 for a TCP
     * connection of which no side closed: Bro did not know its duration */
    struct gad_time duration;
    /* packet time at which its end was known; connections are emitted in this order */
    struct gad_time decided;
    enum gad_conn_state state; /* UDP and ICMP: SF */
    /* payload; ICMP with its header; 0 where KDD99 counts no bytes, see table.h */
    uint64_t src_bytes, dst_bytes;
    uint64_t src_packets, dst_packets;
    uint64_t packet; /* number of the frame of its first packet; 0: not known */
    uint32_t file;   /* that has this packet, as the caller numbers files */
    uint64_t frames; /* reference of its last frame in the frame ring; 0: none */
    uint32_t wrong_fragment, urgent;
    uint32_t vlan;
    uint8_t icmp_type, icmp_code;
    uint8_t tunnels;
    uint8_t notes;  /* of enum gad_conn_note */
    uint8_t found;  /* enum gad_found; names the service in place of the port */
    bool is_answer; /* ICMP: src asked, dst sent this message */
    bool evicted;   /* ended by the limit on flows, not by itself */
    struct gad_content content;
};

typedef void gad_conn_fn(void *arg, const struct gad_conn *c);
