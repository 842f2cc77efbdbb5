/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A session: what one user, program or attacker does at one time, as the packets that a tap sees of it and the
 * connections they belong to. It is made whole before its first packet is written, so memory holds the sessions
 * that are open at one moment of the capture and no more. A download is not kept: its packets say where in a pool
 * of filler (struct world) their bytes begin.
 *
 * Failed allocations set `bad`, which session_finish() reports; what is called after one does nothing harmful.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/rng.h"
#include "tools/ganad-traffic/truth.h"

enum side { ORIG, RESP }; /* who opened the connection, and its peer */

enum ip_proto { PROTO_ICMP = 1, PROTO_TCP = 6, PROTO_UDP = 17, PROTO_ICMP6 = 58 };

static inline enum side other(enum side s)
{
    return s == ORIG ? RESP : ORIG;
}

struct endpoint {
    uint8_t family;   /* 4 or 6 */
    uint8_t addr[16]; /* network order, IPv4 in the first 4 bytes */
    uint8_t mac[6];   /* its own, or the router's before it */
    uint8_t ttl;      /* as the tap sees it */
    uint16_t port;
    uint16_t vlan[2]; /* tags of its network, outer first; 0: none */
    uint32_t delay;   /* us from the tap to it and back */
};

/* Chances of an accident, of 65,536 data segments. */
struct noise {
    uint16_t again;   /* sent and seen twice without need */
    uint16_t lost;    /* lost before the tap or after it, sent again */
    uint16_t swapped; /* overtaken by the next */
    uint16_t unseen;  /* reached its receiver, but the tap missed it */
};

struct conn {
    struct endpoint end[2];
    uint8_t proto;
    uint16_t vlan[2];
    uint16_t ip_id[2];
    struct truth truth;
    bool seen; /* its first packet is written, and so is its truth */
    /* TCP */
    enum side last;          /* who spoke last */
    uint8_t os;              /* which options its segments carry, see frame.c */
    uint16_t mss;            /* bytes of payload in a full segment */
    uint32_t gap;            /* us between segments of a burst */
    uint32_t seq[2], rcv[2]; /* next to send, next expected */
    uint32_t window[2];      /* segments in flight, at most */
    int64_t ack_due[2];      /* when a delayed acknowledgement goes out; 0: none is owed */
    uint32_t clock[2],
        echo[2]; /* timestamps option: offset of its clock, newest value of the peer */
    struct noise noise;
};

enum packet_bit {
    PACKET_FROM_RESP = 1,
    PACKET_BINARY = 2, /* filler comes from the binary pool */
    PACKET_RAW =
        4, /* the text is the whole IP payload; seq: where in the datagram, ack: its IP id */
    PACKET_MORE = 8,     /* of a raw one: more fragments follow */
    PACKET_FRAGMENT = 16 /* raw, and one of several */
};

struct packet {
    int64_t time; /* us since the epoch */
    uint32_t conn;
    uint32_t seq, ack;
    uint32_t text_at; /* payload: text_len bytes of the session's text, then fill_len of a pool */
    uint32_t fill_at;
    uint16_t text_len, fill_len;
    uint8_t flags; /* of TCP */
    uint8_t bits;
};

struct world;
struct campaign;

struct session {
    struct world *world; /* borrowed */
    struct gad_rng rng;
    const char *label, *kind;
    int64_t now; /* us; where the script is */
    struct gad_buf text;
    struct conn **conn;
    struct packet *packet;
    size_t n_conns, n_packets, cap_packets;
    size_t next; /* packet to be written next */
    bool bad;
};

int session_new(struct world *w, struct gad_rng rng, int64_t start, const char *kind,
                const char *label, struct session **ret) GAD_MUST_CHECK;
void session_free(struct session *s);
GAD_DEFINE_CLEANUP(struct session, session_free);

/* A connection without packets. Never NULL: on failure one that nobody will see. */
struct conn *session_conn(struct session *s, uint8_t proto, const struct endpoint *orig,
                          const struct endpoint *resp);

/* A packet at the time t, to be filled in. Never NULL. */
struct packet *session_packet(struct session *s, const struct conn *c, enum side from, int64_t t);

/* Appends to the text. Returns where it begins. */
uint32_t session_text(struct session *s, const void *p, size_t len);

/* Time goes by: so long, or exponential with that mean. */
void session_wait(struct session *s, int64_t us);
void session_think(struct session *s, uint64_t mean_us);

/* Packets in the order of time, and the truth complete. */
int session_finish(struct session *s) GAD_MUST_CHECK;
