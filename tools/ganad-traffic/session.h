/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A session: one activity of a user, program or attacker, as the packets that a tap sees and their
 * connections. It is complete before its first packet is written, so memory holds only the sessions
 * that are open at one moment of the capture. The bytes of a download are not stored: its packets
 * have an offset in a pool of filler (struct world).
 *
 * Failed allocations set `bad`, which session_finish() reports; calls after one are harmless.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/rng.h"
#include "tools/ganad-traffic/truth.h"

enum side { ORIG, RESP }; /* the side that opened the connection, and its peer */

enum ip_proto { PROTO_ICMP = 1, PROTO_TCP = 6, PROTO_UDP = 17, PROTO_ICMP6 = 58 };

static inline enum side other(enum side s)
{
    return s == ORIG ? RESP : ORIG;
}

struct endpoint {
    uint8_t family;   /* 4 or 6 */
    uint8_t addr[16]; /* network order, IPv4 in the first 4 bytes */
    uint8_t mac[6];   /* of the host, or of the router in front of it */
    uint8_t ttl;      /* at the tap */
    uint16_t port;
    uint16_t vlan[2]; /* tags of its network, outer first; 0: no tag */
    uint32_t delay;   /* us from the tap to it and back */
};

/* Frequencies of accidents per 65,536 data segments. */
struct noise {
    uint16_t again;   /* sent and seen twice without a loss */
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
    bool seen; /* its first packet and its truth are written */
    /* TCP */
    enum side last;          /* the side that spoke last */
    uint8_t os;              /* enum tcp_os: the options of its segments */
    uint16_t mss;            /* bytes of payload in a full segment */
    uint32_t gap;            /* us between segments of a burst */
    uint32_t seq[2], rcv[2]; /* next to send, next expected */
    uint32_t window[2];      /* segments in flight, at most */
    int64_t ack_due[2];      /* time of a delayed acknowledgement; 0: none is pending */
    uint32_t clock[2];       /* timestamps option: offset of the clock */
    uint32_t echo[2];        /* timestamps option: newest value of the peer */
    struct noise noise;
};

enum packet_bit {
    PACKET_FROM_RESP = 1,
    PACKET_BINARY = 2, /* the filler is from the binary pool */
    /* The text is the whole IP payload; seq: offset in the datagram, ack: its IP id. */
    PACKET_RAW = 4,
    PACKET_MORE = 8,     /* raw: more fragments follow */
    PACKET_FRAGMENT = 16 /* raw, and one of several fragments */
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
    int64_t now; /* us; the time in the script */
    struct gad_buf text;
    struct conn **conn;
    struct packet *packet;
    size_t n_conns, n_packets, cap_packets;
    size_t next; /* the packet to write next */
    bool bad;
};

int session_new(struct world *w, struct gad_rng rng, int64_t start, const char *kind,
                const char *label, struct session **ret) GAD_MUST_CHECK;
void session_free(struct session *s);
GAD_DEFINE_CLEANUP(struct session, session_free);

/* Returns a connection without packets. Never NULL: on failure one that is not written. */
struct conn *session_conn(struct session *s, uint8_t proto, const struct endpoint *orig,
                          const struct endpoint *resp);

/* Returns a packet at the time t for the caller to fill in. Never NULL. */
struct packet *session_packet(struct session *s, const struct conn *c, enum side from, int64_t t);

/* Appends to the text. Returns the offset. */
uint32_t session_text(struct session *s, const void *p, size_t len);

/* Advance the time: by @us, or by an exponential draw with that mean. */
void session_wait(struct session *s, int64_t us);
void session_think(struct session *s, uint64_t mean_us);

/* Sorts the packets by time and completes the truth. */
int session_finish(struct session *s) GAD_MUST_CHECK;
