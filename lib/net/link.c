/* SPDX-License-Identifier: Apache-2.0 */
/* From the first byte of a frame to IP. Link types: https://www.tcpdump.org/linktypes.html. */
#include "lib/net/walk.h"

enum link_type {
    LINK_NULL = 0,
    LINK_ETHERNET = 1,
    LINK_PPP = 9,
    LINK_RAW_DLT = 12,     /* DLT_RAW on Linux */
    LINK_RAW_OPENBSD = 14, /* and on OpenBSD */
    LINK_PPP_HDLC = 50,
    LINK_PPP_ETHER = 51,
    LINK_RAW = 101,
    LINK_C_HDLC = 104,
    LINK_LOOP = 108,
    LINK_LINUX_SLL = 113,
    LINK_IPV4 = 228,
    LINK_IPV6 = 229,
    LINK_LINUX_SLL2 = 276,
};

enum ether_type {
    ETHER_LENGTH_MAX = 1535, /* below 0x600 it is the length of an IEEE 802.3 frame */
    ETHER_IPV4 = 0x0800,
    ETHER_VLAN = 0x8100,
    ETHER_IPV6 = 0x86dd,
    ETHER_MPLS = 0x8847,
    ETHER_MPLS_UPSTREAM = 0x8848,
    ETHER_PPPOE = 0x8864, /* session stage */
    ETHER_QINQ = 0x88a8,
    ETHER_PBB = 0x88e7, /* IEEE 802.1ah: a service tag, then a frame */
    ETHER_QINQ_OLD = 0x9100,
};

enum { ARPHRD_IS_NETLINK = 824 }; /* its "protocol" is a netlink family */

/* Keeps two tags, the outer one in the upper bits; priority tags (id 0) name no VLAN. */
static void add_vlan(struct gad_walk *w, uint16_t tci)
{
    uint32_t id = tci & 0xfff;
    if (w->p.vlan < 0x1000)
        w->p.vlan = w->p.vlan << 12 | id;
}

/* Removes n bytes, in which the sender's address starts at byte @at. */
static void link_source(struct gad_walk *w, size_t at, size_t n)
{
    const uint8_t *p = gad_cursor_take(&w->c, n);

    if (p)
        memcpy(&w->link_source, p + at, 6); /* the rest stays 0; any order of bytes will do */
}

/* RFC 3032: labels to the bottom of the stack, then a payload recognised by its first bits. */
static enum gad_net_fate mpls(struct gad_walk *w)
{
    bool is_bottom = false;

    while (!is_bottom) {
        if (!gad_walk_deeper(w))
            return GAD_NET_LINK_DEEP;
        is_bottom = (gad_cursor_u32be(&w->c) & 0x100) != 0;
        if (w->c.bad)
            return gad_walk_short(w, GAD_NET_LINK_HEADER);
    }
    if (w->c.left > 0 && w->c.p[0] >> 4 == 0) { /* control word of a pseudowire, RFC 4448 */
        gad_cursor_skip(&w->c, 4);
        return gad_net_ethernet(w);
    }
    return gad_net_ip(w);
}

/* RFC 2516 section 4. */
static enum gad_net_fate pppoe(struct gad_walk *w)
{
    uint8_t version_type = gad_cursor_u8(&w->c);
    uint8_t code = gad_cursor_u8(&w->c);
    gad_cursor_skip(&w->c, 2); /* session */
    uint16_t len = gad_cursor_u16be(&w->c);

    if (w->c.bad)
        return gad_walk_short(w, GAD_NET_LINK_HEADER);
    if (version_type != 0x11 || code != 0 || !gad_walk_trim(w, len))
        return GAD_NET_LINK_HEADER;
    return gad_net_ppp(w);
}

/* RFC 1661, with or without RFC 1662's address and control, protocol compressed or not. */
enum gad_net_fate gad_net_ppp(struct gad_walk *w)
{
    if (w->c.left > 0 && w->c.p[0] == 0xff) /* with 0x03; no protocol number begins with it */
        gad_cursor_skip(&w->c, 2);
    unsigned proto = gad_cursor_u8(&w->c);
    if ((proto & 1) == 0)
        proto = proto << 8 | gad_cursor_u8(&w->c);
    if (w->c.bad)
        return gad_walk_short(w, GAD_NET_LINK_HEADER);
    switch (proto) {
    case 0x21:
        return gad_net_ip4(w);
    case 0x57:
        return gad_net_ip6(w);
    case 0x281:
    case 0x283:
        return mpls(w);
    default:
        return GAD_NET_NOT_IP;
    }
}

/* IEEE 802.3: a length, then LLC; IP only behind SNAP (RFC 1042). */
static enum gad_net_fate snap(struct gad_walk *w, uint16_t len)
{
    if (!gad_walk_trim(w, len))
        return GAD_NET_LINK_HEADER;
    if (w->c.left > 0 && w->c.p[0] != 0xaa)
        return GAD_NET_NOT_IP;
    uint32_t llc = gad_cursor_u32be(&w->c); /* DSAP, SSAP, control, first byte of the OUI */
    uint16_t oui = gad_cursor_u16be(&w->c);
    uint16_t type = gad_cursor_u16be(&w->c);
    if (w->c.bad)
        return gad_walk_short(w, GAD_NET_LINK_HEADER);
    if (llc != 0xaaaa0300 || oui != 0 || type <= ETHER_LENGTH_MAX)
        return GAD_NET_NOT_IP;
    return gad_net_ether_type(w, type);
}

enum gad_net_fate gad_net_ether_type(struct gad_walk *w, uint16_t type)
{
    while (gad_walk_deeper(w)) {
        switch (type) {
        case ETHER_IPV4:
            return gad_net_ip4(w);
        case ETHER_IPV6:
            return gad_net_ip6(w);
        case ETHER_MPLS:
        case ETHER_MPLS_UPSTREAM:
            return mpls(w);
        case ETHER_PPPOE:
            return pppoe(w);
        case ETHER_PBB:
            gad_cursor_skip(&w->c, 4);
            return gad_net_ethernet(w);
        case GAD_ETHER_TRANSPARENT:
            return gad_net_ethernet(w);
        case ETHER_VLAN:
        case ETHER_QINQ:
        case ETHER_QINQ_OLD:
            break;
        default:
            return type <= ETHER_LENGTH_MAX ? snap(w, type) : GAD_NET_NOT_IP;
        }
        add_vlan(w, gad_cursor_u16be(&w->c));
        type = gad_cursor_u16be(&w->c);
        if (w->c.bad)
            return gad_walk_short(w, GAD_NET_LINK_HEADER);
    }
    return GAD_NET_LINK_DEEP;
}

enum gad_net_fate gad_net_ethernet(struct gad_walk *w)
{
    link_source(w, 6, 12);
    uint16_t type = gad_cursor_u16be(&w->c);
    if (w->c.bad)
        return gad_walk_short(w, GAD_NET_LINK_HEADER);
    return gad_net_ether_type(w, type);
}

/* BSD loopback: an address family in the byte order of the capturing machine or of the network. */
static enum gad_net_fate loopback(struct gad_walk *w)
{
    uint32_t family = gad_cursor_u32be(&w->c);

    if (w->c.bad)
        return gad_walk_short(w, GAD_NET_LINK_HEADER);
    if (family > 0xffff)
        family = __builtin_bswap32(family);
    switch (family) {
    case 2:
        return gad_net_ip4(w);
    case 10: /* Linux */
    case 24: /* NetBSD, OpenBSD */
    case 28: /* FreeBSD */
    case 30: /* Darwin */
        return gad_net_ip6(w);
    default:
        return GAD_NET_NOT_IP;
    }
}

static enum gad_net_fate cooked(struct gad_walk *w)
{
    gad_cursor_skip(&w->c, 2); /* direction */
    uint16_t hardware = gad_cursor_u16be(&w->c);
    link_source(w, 2, 10); /* behind its length */
    uint16_t type = gad_cursor_u16be(&w->c);

    if (w->c.bad)
        return gad_walk_short(w, GAD_NET_LINK_HEADER);
    if (hardware == ARPHRD_IS_NETLINK || type <= ETHER_LENGTH_MAX)
        return GAD_NET_NOT_IP;
    return gad_net_ether_type(w, type);
}

static enum gad_net_fate cooked2(struct gad_walk *w)
{
    uint16_t type = gad_cursor_u16be(&w->c);
    gad_cursor_skip(&w->c, 6); /* reserved, interface */
    uint16_t hardware = gad_cursor_u16be(&w->c);
    link_source(w, 2, 10); /* behind the direction and its length */

    if (w->c.bad)
        return gad_walk_short(w, GAD_NET_LINK_HEADER);
    if (hardware == ARPHRD_IS_NETLINK || type <= ETHER_LENGTH_MAX)
        return GAD_NET_NOT_IP;
    return gad_net_ether_type(w, type);
}

/* Cisco HDLC: address, control, EtherType. */
static enum gad_net_fate cisco_hdlc(struct gad_walk *w)
{
    gad_cursor_skip(&w->c, 2);
    uint16_t type = gad_cursor_u16be(&w->c);
    if (w->c.bad)
        return gad_walk_short(w, GAD_NET_LINK_HEADER);
    return type > ETHER_LENGTH_MAX ? gad_net_ether_type(w, type) : GAD_NET_NOT_IP;
}

/* The most common first. */
static const struct reader {
    int type;
    enum gad_net_fate (*read)(struct gad_walk *w);
} links[] = {
    {LINK_ETHERNET, gad_net_ethernet},
    {LINK_LINUX_SLL, cooked},
    {LINK_LINUX_SLL2, cooked2},
    {LINK_RAW, gad_net_ip},
    {LINK_RAW_DLT, gad_net_ip},
    {LINK_RAW_OPENBSD, gad_net_ip},
    {LINK_IPV4, gad_net_ip4},
    {LINK_IPV6, gad_net_ip6},
    {LINK_NULL, loopback},
    {LINK_LOOP, loopback},
    {LINK_PPP, gad_net_ppp},
    {LINK_PPP_HDLC, gad_net_ppp},
    {LINK_PPP_ETHER, pppoe},
    {LINK_C_HDLC, cisco_hdlc},
};

static const struct reader *link_of(int link_type)
{
    for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
        if (links[i].type == link_type)
            return &links[i];
    return NULL;
}

bool gad_link_type_known(int link_type)
{
    return link_of(link_type) != NULL;
}

enum gad_net_fate gad_net_link(struct gad_walk *w, int link_type)
{
    const struct reader *l = link_of(link_type);
    return l ? l->read(w) : GAD_NET_LINK_TYPE;
}
