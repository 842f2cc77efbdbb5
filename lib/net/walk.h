/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Internal to the decoder: one frame on its way through the layers. Each layer removes its header
 * from `c`, limits the rest by its own length field, and passes the walk on; it returns the frame's
 * fate.
 *
 *     c.p .. c.p + c.left   captured      .. + missing   was on the wire, but not captured
 */

#include "lib/base/cursor.h"
#include "lib/net/decode.h"
#include "lib/net/steady.h"

enum { GAD_ETHER_TRANSPARENT = 0x6558 }; /* EtherType of a whole Ethernet frame, RFC 1701 */

enum { GAD_UDP_TUNNELS_MAX = 40 };

struct gad_frags;
struct gad_senders;

/* A port at which a kind of tunnel in UDP is looked for; 0: any. */
struct gad_udp_tunnel {
    uint16_t port;
    uint8_t kind; /* its place in a table of tunnel_udp.c */
};

struct gad_decoder {
    struct gad_net_stats stats;
    struct gad_decoder_options opt; /* complete */
    struct gad_frags *frags;
    struct gad_steady steady;
    struct gad_udp_tunnel udp[GAD_UDP_TUNNELS_MAX]; /* those that are opened */
    size_t n_udp;
    struct gad_senders *senders; /* NULL: GAD_CHECKSUMS_AUTO is off */
    bool is_merging;             /* frames larger than what a link carries were captured */
    uint64_t number;             /* of the next frame */
};

struct gad_walk {
    struct gad_decoder *dec;
    gad_packet_fn *fn;
    void *arg;
    struct gad_cursor c;
    size_t missing;
    uint64_t link_source;  /* the sender's address on the innermost link; 0: it has no address */
    unsigned layers;       /* tags, labels, extension headers so far */
    bool is_cut;           /* its tunnel ended before a length in the frame */
    bool from_fragments;   /* c is the start of a datagram's payload, of which ... */
    bool is_split;         /* ... a missing fragment, not a truncated capture, is the end of c */
    bool is_incomplete;    /* ... not all fragments arrived */
    const uint8_t *sum_at; /* NULL, or the start of a datagram whose sum_len bytes add up to sum */
    size_t sum_len;
    uint64_t sum;
    struct gad_packet p;
};

/* Returns the remaining bytes on the wire. */
static inline size_t gad_walk_left(const struct gad_walk *w)
{
    return w->c.left + w->missing;
}

/*
 * Limits the rest to len bytes on the wire, at most 65,535. False: there are fewer. In a tunnel
 * they were not captured: a mirror truncates a frame without changing its lengths.
 */
static inline bool gad_walk_trim(struct gad_walk *w, size_t len)
{
    if (len > gad_walk_left(w)) {
        if (w->p.tunnels == 0 || w->is_incomplete)
            return false;
        w->dec->stats.tunnels_cut += !w->is_cut;
        w->is_cut = true;
    }
    if (len <= w->c.left)
        w->c.left = len;
    w->missing = len - w->c.left;
    return true;
}

/* Returns why a header could not be read: @f, unless the capture or the first fragment is too
 * short. */
static inline enum gad_net_fate gad_walk_short(const struct gad_walk *w, enum gad_net_fate f)
{
    if (w->is_split)
        return GAD_NET_FRAGMENT_TINY;
    return w->missing > 0 ? GAD_NET_CUT : f;
}

static inline bool gad_walk_deeper(struct gad_walk *w)
{
    return ++w->layers <= GAD_NET_LAYERS_MAX;
}

/* Counts a frame that is not IP, and why: an EtherType, or the DSAP of an LLC frame. */
static inline enum gad_net_fate gad_net_not_ip(struct gad_walk *w, uint16_t type)
{
    gad_unread_count(&w->dec->stats.ether_types, type, 1);
    return GAD_NET_NOT_IP;
}

/* Counts a packet whose IP protocol is not read. */
static inline enum gad_net_fate gad_net_other(struct gad_walk *w, uint8_t proto)
{
    gad_unread_count(&w->dec->stats.ip_protocols, proto, 1);
    return GAD_NET_OTHER_PROTOCOL;
}

/* link.c */
enum gad_net_fate gad_net_link(struct gad_walk *w, int link_type);
enum gad_net_fate gad_net_ethernet(struct gad_walk *w);
enum gad_net_fate gad_net_ether_type(struct gad_walk *w, uint16_t type);
enum gad_net_fate gad_net_ppp(struct gad_walk *w);

/* ip.c */
enum gad_net_fate gad_net_ip(struct gad_walk *w); /* by the version in its first byte */
enum gad_net_fate gad_net_ip4(struct gad_walk *w);
enum gad_net_fate gad_net_ip6(struct gad_walk *w);

/* The payload of an IP packet or datagram, extension headers first. */
enum gad_net_fate gad_net_payload(struct gad_walk *w, uint8_t proto);

/* l4.c */
enum gad_net_fate gad_net_tcp(struct gad_walk *w);
enum gad_net_fate gad_net_udp(struct gad_walk *w);
enum gad_net_fate gad_net_icmp(struct gad_walk *w, uint8_t proto);

/* tunnel.c: only where tunnels are opened. */
bool gad_net_is_tunnel(const struct gad_walk *w, uint8_t proto);
enum gad_net_fate gad_net_tunnel(struct gad_walk *w, uint8_t proto);
/* Counts one more tunnel around the packet; false, and counted: as many as are opened are open. */
bool gad_net_enter(struct gad_walk *w);
/* What GRE and UDP carry: a packet by its EtherType; a frame as GAD_ETHER_TRANSPARENT. */
enum gad_net_fate gad_net_tunnelled(struct gad_walk *w, uint16_t type);
enum gad_net_fate gad_net_gre(struct gad_walk *w);

/* tunnel_udp.c */
void gad_net_udp_tunnels_init(struct gad_decoder *dec);
/* Behind the UDP header; false: it is no tunnel, or gives no packet; nothing has changed then. */
bool gad_net_udp_tunnel(struct gad_walk *w, enum gad_net_fate *ret);
