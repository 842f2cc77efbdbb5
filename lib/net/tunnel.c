/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tunnels that are protocols of IP: GRE (RFC 1701, 2784, 2890, with PPTP's RFC 2637 and WCCP's
 * draft-mclaggan-wccp-v2rev1), IP in IP (RFC 2003, 4213, 2473), ERSPAN I, II and III
 * (draft-foschiano-erspan-03), EtherIP (RFC 3378) and MPLS in IP (RFC 4023).
 */
#include "lib/net/walk.h"

enum {
    PROTO_IPIP = 4,
    PROTO_IP6 = 41,
    PROTO_GRE = 47,
    PROTO_ETHERIP = 97,
    PROTO_MPLS = 137,
    ETHER_TYPE_MIN = 0x600, /* lower values are lengths */
    GRE_CHECKSUM = 0x8000,
    GRE_ROUTING = 0x4000,
    GRE_KEY = 0x2000,
    GRE_SEQUENCE = 0x1000,
    GRE_ACK = 0x0080, /* version 1 */
    GRE_VERSION = 0x0007,
    GRE_PPTP = 0x880b,
    GRE_WCCP = 0x883e,
    GRE_ERSPAN_2 = 0x88be, /* and I, without a sequence number */
    GRE_ERSPAN_3 = 0x22eb,
    ERSPAN_IP = 2, /* what type III mirrors, if not frames */
    ETHER_MPLS = 0x8847,
};

static bool opens(const struct gad_walk *w, unsigned kinds)
{
    return w->dec->opt.tunnels > 0 && (w->dec->opt.tunnel_kinds & kinds) != 0;
}

bool gad_net_enter(struct gad_walk *w)
{
    if (w->p.tunnels >= w->dec->opt.tunnels) {
        w->dec->stats.tunnels_deep++;
        return false;
    }
    w->p.tunnels++;
    return true;
}

enum gad_net_fate gad_net_tunnelled(struct gad_walk *w, uint16_t type)
{
    return type >= ETHER_TYPE_MIN ? gad_net_ether_type(w, type) : gad_net_not_ip(w, type);
}

static enum gad_net_fate erspan(struct gad_walk *w, uint16_t type, bool has_sequence)
{
    if (type == GRE_ERSPAN_2 && !has_sequence) /* type I has no header */
        return gad_net_ethernet(w);

    bool is_ip = false;
    uint8_t version = gad_cursor_u8(&w->c) >> 4;
    if (type == GRE_ERSPAN_2) {
        gad_cursor_skip(&w->c, 7);
    } else {
        gad_cursor_skip(&w->c, 9);
        is_ip = (gad_cursor_u8(&w->c) >> 2 & 0x1f) == ERSPAN_IP;
        bool has_subheader = (gad_cursor_u8(&w->c) & 1) != 0;
        gad_cursor_skip(&w->c, has_subheader ? 8 : 0);
    }
    if (w->c.bad)
        return gad_walk_short(w, GAD_NET_TUNNEL_HEADER);
    if (version != (type == GRE_ERSPAN_2 ? 1 : 2))
        return GAD_NET_TUNNEL_HEADER;
    return is_ip ? gad_net_ip(w) : gad_net_ethernet(w);
}

/* Version 2 has a header, whose first four bits are never those of IPv4. */
static enum gad_net_fate wccp(struct gad_walk *w)
{
    if (w->c.left > 0 && w->c.p[0] >> 4 != 4)
        gad_cursor_skip(&w->c, 4);
    return w->c.bad ? gad_walk_short(w, GAD_NET_TUNNEL_HEADER) : gad_net_ip(w);
}

static enum gad_net_fate etherip(struct gad_walk *w)
{
    uint8_t version = gad_cursor_u8(&w->c) >> 4;

    gad_cursor_skip(&w->c, 1);
    if (w->c.bad)
        return gad_walk_short(w, GAD_NET_TUNNEL_HEADER);
    return version == 3 ? gad_net_ethernet(w) : GAD_NET_TUNNEL_HEADER;
}

enum gad_net_fate gad_net_gre(struct gad_walk *w)
{
    uint16_t flags = gad_cursor_u16be(&w->c);
    uint16_t type = gad_cursor_u16be(&w->c);
    bool is_pptp = (flags & GRE_VERSION) == 1;
    bool is_erspan = type == GRE_ERSPAN_2 || type == GRE_ERSPAN_3;

    if (!w->c.bad && !opens(w, is_erspan ? GAD_TUNNEL_ERSPAN : GAD_TUNNEL_GRE))
        return gad_net_other(w, PROTO_GRE);
    gad_cursor_skip(&w->c, flags & (GRE_CHECKSUM | GRE_ROUTING) ? 4 : 0);
    size_t len = gad_walk_left(w);
    if (is_pptp) /* its key is a length and a call number */
        len = gad_cursor_u16be(&w->c);
    gad_cursor_skip(&w->c, is_pptp ? 2 : flags & GRE_KEY ? 4 : 0);
    gad_cursor_skip(&w->c, flags & GRE_SEQUENCE ? 4 : 0);
    gad_cursor_skip(&w->c, is_pptp && (flags & GRE_ACK) ? 4 : 0);
    if (w->c.bad)
        return gad_walk_short(w, GAD_NET_TUNNEL_HEADER);
    if ((flags & GRE_VERSION) > 1 || (flags & GRE_ROUTING) || is_pptp != (type == GRE_PPTP))
        return GAD_NET_TUNNEL_HEADER;
    if (is_pptp)
        return gad_walk_trim(w, len) ? gad_net_ppp(w) : GAD_NET_TUNNEL_HEADER;
    if (is_erspan)
        return erspan(w, type, (flags & GRE_SEQUENCE) != 0);
    return type == GRE_WCCP ? wccp(w) : gad_net_tunnelled(w, type);
}

/* Returns the kinds that an IP protocol can be; 0: it is no tunnel. */
static unsigned kinds_of(uint8_t proto)
{
    switch (proto) {
    case PROTO_GRE:
        return GAD_TUNNEL_GRE | GAD_TUNNEL_ERSPAN;
    case PROTO_IPIP:
    case PROTO_IP6:
        return GAD_TUNNEL_IPIP;
    case PROTO_ETHERIP:
        return GAD_TUNNEL_ETHERIP;
    case PROTO_MPLS:
        return GAD_TUNNEL_MPLS;
    default:
        return 0;
    }
}

bool gad_net_is_tunnel(const struct gad_walk *w, uint8_t proto)
{
    return opens(w, kinds_of(proto));
}

enum gad_net_fate gad_net_tunnel(struct gad_walk *w, uint8_t proto)
{
    if (!gad_net_enter(w)) {
        (void)gad_net_other(w, proto);
        return GAD_NET_TUNNEL_DEEP;
    }
    switch (proto) {
    case PROTO_GRE:
        return gad_net_gre(w);
    case PROTO_ETHERIP:
        return etherip(w);
    case PROTO_MPLS:
        return gad_net_ether_type(w, ETHER_MPLS);
    default:
        return proto == PROTO_IPIP ? gad_net_ip4(w) : gad_net_ip6(w);
    }
}
