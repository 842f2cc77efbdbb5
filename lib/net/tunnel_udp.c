/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tunnels in UDP, recognised by the port and by their header. A datagram is only a tunnel if its
 * content gives a packet or a fragment. Otherwise it is a UDP packet itself: a sender cannot hide
 * a datagram behind the header of a tunnel.
 *
 *     VXLAN    RFC 7348, with GBP and GPE (drafts)     Teredo   RFC 4380
 *     GENEVE   RFC 8926                                AYIYA    draft-massar-v6ops-ayiya-02
 *     GRE      RFC 8086                                L2TP     RFC 2661
 *     GTP-U    3GPP TS 29.281                          MPLS     RFC 7510
 *     TZSP     no specification; as its senders write it
 */
#include <assert.h>

#include "lib/net/walk.h"

enum {
    VXLAN_VNI = 0x08, /* the flag I: the header has a network; RFC 7348 requires it */
    VXLAN_GPE = 0x04, /* the flag P: the header has a protocol */
    PROTO_IPIP = 4,
    PROTO_IP6 = 41,
    ETHER_IPV4 = 0x0800,
    ETHER_IPV6 = 0x86dd,
    ETHER_MPLS = 0x8847,
    L2TP_CONTROL = 0x8000,
    L2TP_LENGTH = 0x4000,
    L2TP_SEQUENCE = 0x0800,
    L2TP_OFFSET = 0x0200,
    L2TP_VERSION = 0x000f,
    TZSP_ETHERNET = 1, /* the protocol that it carries */
    TZSP_PADDING = 0,  /* tags without a length */
    TZSP_END = 1,
    GENEVE_LENGTH_MAX = 1535, /* of its protocols, EtherTypes are above */
    GTP_OPTIONAL = 0x07,      /* any of the flags E, S and PN */
    GTP_DATA = 0xff,          /* the type of a message that holds a packet */
    GTP_HEADER = 8,
    TEREDO_AUTH = 0x0001,
    TEREDO_ORIGIN = 0x0000,
    TEREDO_PREFIX = 0x20010000,
    AYIYA_FORWARD = 1,
    IP4_MIN = 20,
    IP6_MIN = 40,
};

static bool looks_like_ip(const struct gad_cursor *c)
{
    if (c->bad || c->left == 0)
        return false;
    unsigned version = c->p[0] >> 4;
    return version == 6 ? c->left >= IP6_MIN : version == 4 && c->left >= IP4_MIN;
}

/* Each moves the cursor to the inner packet and sets its type; false: not this tunnel. */
typedef bool header_fn(struct gad_cursor *c, size_t left, uint16_t *ret_type);

enum { IP_INSIDE = 0, GRE_INSIDE = 1, PPP_INSIDE = 2 }; /* in addition to EtherTypes */

/* Other flags and all reserved bits are ignored, as RFC 7348 section 5 requires; so is what GBP
 * puts there. P counts if the protocol and the next byte agree. */
static bool vxlan(struct gad_cursor *c, size_t left, uint16_t *ret_type)
{
    (void)left;
    uint8_t flags = gad_cursor_u8(c);
    gad_cursor_skip(c, 2);
    uint8_t next = gad_cursor_u8(c);
    gad_cursor_skip(c, 4);
    *ret_type = GAD_ETHER_TRANSPARENT;
    if ((flags & VXLAN_GPE) && (next == 1 || next == 2) && looks_like_ip(c) &&
        c->p[0] >> 4 == (next == 1 ? 4 : 6))
        *ret_type = IP_INSIDE;
    return (flags & VXLAN_VNI) != 0;
}

/* Reserved bits are ignored on receipt, RFC 8926 section 3.4. */
static bool geneve(struct gad_cursor *c, size_t left, uint16_t *ret_type)
{
    (void)left;
    uint8_t version_len = gad_cursor_u8(c);
    gad_cursor_skip(c, 1);
    *ret_type = gad_cursor_u16be(c);
    gad_cursor_skip(c, 4 + (size_t)(version_len & 0x3f) * 4);
    return version_len >> 6 == 0 && *ret_type > GENEVE_LENGTH_MAX;
}

static bool gre_in_udp(struct gad_cursor *c, size_t left, uint16_t *ret_type)
{
    const struct gad_cursor start = *c;
    uint16_t flags = gad_cursor_u16be(c), type = gad_cursor_u16be(c);

    (void)left;
    *ret_type = GRE_INSIDE;
    bool is_gre =
        !c->bad && (flags & 0x4fff) == 0 && (type == 0x0800 || type == 0x86dd || type == 0x6558);
    *c = start;
    return is_gre;
}

static bool gtp(struct gad_cursor *c, size_t left, uint16_t *ret_type)
{
    uint8_t flags = gad_cursor_u8(c);
    bool is_data = gad_cursor_u8(c) == GTP_DATA;
    uint16_t len = gad_cursor_u16be(c);

    gad_cursor_skip(c, 4); /* tunnel */
    if (flags & GTP_OPTIONAL) {
        gad_cursor_skip(c, 3);
        uint8_t next = gad_cursor_u8(c);
        while (next != 0 && !c->bad) { /* each has at least four bytes, so it ends */
            size_t words = gad_cursor_u8(c);
            if (words == 0)
                return false;
            gad_cursor_skip(c, words * 4 - 2);
            next = gad_cursor_u8(c);
        }
    }
    *ret_type = IP_INSIDE;
    return flags >> 4 == 3 && is_data && (size_t)len + GTP_HEADER == left && looks_like_ip(c);
}

static uint16_t peek_u16(const struct gad_cursor *c)
{
    struct gad_cursor h = *c;
    uint16_t v = gad_cursor_u16be(&h);
    return h.bad ? 0xffff : v;
}

static bool teredo(struct gad_cursor *c, size_t left, uint16_t *ret_type)
{
    (void)left;
    if (peek_u16(c) == TEREDO_AUTH) {
        gad_cursor_skip(c, 2);
        size_t id = gad_cursor_u8(c), value = gad_cursor_u8(c);
        gad_cursor_skip(c, id + value + 9); /* with nonce and confirmation */
    }
    if (peek_u16(c) == TEREDO_ORIGIN)
        gad_cursor_skip(c, 8);
    *ret_type = IP_INSIDE;
    return looks_like_ip(c) && c->p[0] >> 4 == 6;
}

/* Between Teredo peers and relays on any ports: an IPv6 packet of exactly this length with a Teredo
 * address. */
static bool teredo_bare(struct gad_cursor *c, size_t left, uint16_t *ret_type)
{
    struct gad_cursor h = *c;

    bool is_6 = gad_cursor_u8(&h) >> 4 == 6;
    gad_cursor_skip(&h, 3);
    uint16_t len = gad_cursor_u16be(&h);
    gad_cursor_skip(&h, 2);
    uint32_t src = gad_cursor_u32be(&h);
    gad_cursor_skip(&h, 12);
    uint32_t dst = gad_cursor_u32be(&h);
    gad_cursor_skip(&h, 12);
    *ret_type = IP_INSIDE;
    return is_6 && !h.bad && (size_t)len + IP6_MIN == left &&
           (src == TEREDO_PREFIX || dst == TEREDO_PREFIX);
}

static bool ayiya(struct gad_cursor *c, size_t left, uint16_t *ret_type)
{
    (void)left;
    uint8_t id = gad_cursor_u8(c), signature = gad_cursor_u8(c), op = gad_cursor_u8(c),
            next = gad_cursor_u8(c);

    gad_cursor_skip(c, 4 + ((size_t)1 << (id >> 4)) + (size_t)(signature >> 4) * 4);
    *ret_type = IP_INSIDE;
    return (op & 0xf) == AYIYA_FORWARD && (next == PROTO_IPIP || next == PROTO_IP6) &&
           looks_like_ip(c);
}

/* A control message, whose reserved bits are ignored too, is UDP. */
static bool l2tp(struct gad_cursor *c, size_t left, uint16_t *ret_type)
{
    uint16_t flags = gad_cursor_u16be(c);
    size_t len = flags & L2TP_LENGTH ? gad_cursor_u16be(c) : left;

    gad_cursor_skip(c, 4); /* tunnel, session */
    gad_cursor_skip(c, flags & L2TP_SEQUENCE ? 4 : 0);
    if (flags & L2TP_OFFSET)
        gad_cursor_skip(c, gad_cursor_u16be(c));
    *ret_type = PPP_INSIDE;
    return !(flags & L2TP_CONTROL) && (flags & L2TP_VERSION) == 2 && len <= left;
}

static bool tzsp(struct gad_cursor *c, size_t left, uint16_t *ret_type)
{
    (void)left;
    uint8_t version = gad_cursor_u8(c), kind = gad_cursor_u8(c), tag;
    uint16_t protocol = gad_cursor_u16be(c);

    do { /* each tag has at least a byte, so it ends */
        tag = gad_cursor_u8(c);
        if (tag > TZSP_END)
            gad_cursor_skip(c, gad_cursor_u8(c));
    } while (tag != TZSP_END && !c->bad);
    *ret_type = GAD_ETHER_TRANSPARENT;
    return version == 1 && kind <= 1 && protocol == TZSP_ETHERNET;
}

static bool mpls(struct gad_cursor *c, size_t left, uint16_t *ret_type)
{
    (void)c;
    (void)left;
    *ret_type = ETHER_MPLS;
    return true;
}

static const struct kind {
    uint16_t port;  /* the default; 0: any */
    bool both_ways; /* either end can have the port; else only the receiver */
    header_fn *header;
    enum gad_tunnel kind;
} kinds[] = {
    {4789, false, vxlan, GAD_TUNNEL_VXLAN}, {6081, false, geneve, GAD_TUNNEL_GENEVE},
    {2152, true, gtp, GAD_TUNNEL_GTP},      {4754, false, gre_in_udp, GAD_TUNNEL_GRE},
    {4790, false, vxlan, GAD_TUNNEL_VXLAN}, /* GPE */
    {1701, true, l2tp, GAD_TUNNEL_L2TP},    {37008, false, tzsp, GAD_TUNNEL_TZSP},
    {6635, false, mpls, GAD_TUNNEL_MPLS},   {3544, true, teredo, GAD_TUNNEL_TEREDO},
    {5072, true, ayiya, GAD_TUNNEL_AYIYA},  {0, true, teredo_bare, GAD_TUNNEL_TEREDO},
};

enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]), N_WITH_PORTS = 3 };

void gad_net_udp_tunnels_init(struct gad_decoder *dec)
{
    const struct gad_decoder_options *o = &dec->opt;
    const struct gad_tunnel_ports *ports[N_WITH_PORTS] = {&o->vxlan_ports, &o->geneve_ports,
                                                          &o->gtp_ports};

    static_assert(N_KINDS + N_WITH_PORTS * GAD_TUNNEL_PORTS_MAX <= GAD_UDP_TUNNELS_MAX,
                  "there is a place for each port");
    for (uint8_t i = 0; i < N_KINDS && o->tunnels > 0; i++) {
        size_t n = i < N_WITH_PORTS ? ports[i]->n : 0;
        if ((o->tunnel_kinds & (unsigned)kinds[i].kind) == 0)
            continue;
        for (size_t k = 0; k < n; k++)
            dec->udp[dec->n_udp++] = (struct gad_udp_tunnel){ports[i]->port[k], i};
        if (n == 0)
            dec->udp[dec->n_udp++] = (struct gad_udp_tunnel){kinds[i].port, i};
    }
}

static enum gad_net_fate decode_inside(struct gad_walk *w, uint16_t type)
{
    switch (type) {
    case IP_INSIDE:
        return gad_net_ip(w);
    case GRE_INSIDE:
        return gad_net_gre(w);
    case PPP_INSIDE:
        return gad_net_ppp(w);
    default:
        return gad_net_tunnelled(w, type);
    }
}

/* A tunnel without a packet becomes the datagram again. So the first kind that fits decides: every
 * datagram is walked at most once for each tunnel around it. */
static bool open_tunnel(struct gad_walk *w, const struct gad_cursor *inside, uint16_t type,
                        enum gad_net_fate *ret)
{
    const struct gad_walk outside = *w;

    if (!gad_net_enter(w))
        return false;
    w->c = *inside;
    enum gad_net_fate fate = decode_inside(w, type);
    if ((int)fate >= GAD_NET_FIRST_REFUSAL) {
        *w = outside;
        w->dec->stats.tunnels_unread++;
        return false;
    }
    *ret = fate;
    return true;
}

bool gad_net_udp_tunnel(struct gad_walk *w, enum gad_net_fate *ret)
{
    for (size_t i = 0; i < w->dec->n_udp; i++) {
        uint16_t port = w->dec->udp[i].port, type;
        const struct kind *k = &kinds[w->dec->udp[i].kind];
        struct gad_cursor inside = w->c;

        if (port != 0 && w->p.tuple.dst_port != port &&
            !(k->both_ways && w->p.tuple.src_port == port))
            continue;
        if (k->header(&inside, gad_walk_left(w), &type) && !inside.bad)
            return open_tunnel(w, &inside, type, ret);
    }
    return false;
}
