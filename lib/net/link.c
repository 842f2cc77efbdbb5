/* SPDX-License-Identifier: Apache-2.0 */
/* From the first byte of a frame to IP. Link types: https://www.tcpdump.org/linktypes.html. */
#include "lib/net/checksum.h"
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
    ETHER_ARP = 0x0806,
    ETHER_VLAN = 0x8100,
    ETHER_VLAN_8200 = 0x8200, /* VLAN tags by other vendors' numbers */
    ETHER_IPV6 = 0x86dd,
    ETHER_PPP = 0x880b,
    ETHER_MPLS = 0x8847,
    ETHER_MPLS_UPSTREAM = 0x8848,
    ETHER_PPPOE = 0x8864, /* session stage */
    ETHER_QINQ = 0x88a8,
    ETHER_PBB = 0x88e7,        /* IEEE 802.1ah: a service tag, then a frame */
    ETHER_FABRICPATH = 0x8903, /* Cisco: a tag of two bytes, then a frame */
    ETHER_CMD = 0x8909,        /* Cisco MetaData, with the security group tag */
    ETHER_VN_TAG = 0x8926,     /* Cisco: four bytes */
    ETHER_E_TAG = 0x893f,      /* IEEE 802.1BR: six bytes */
    ETHER_TAG_8988 = 0x8988,   /* without a public description */
    ETHER_QINQ_OLD = 0x9100,
    ETHER_VLAN_9200 = 0x9200,
    ETHER_VLAN_9300 = 0x9300,
};

enum { ARPHRD_IS_NETLINK = 824 }; /* its "protocol" is a netlink family */

/* Keeps two tags, the outer one in the upper bits; priority tags (id 0) name no VLAN. */
static void add_vlan(struct gad_walk *w, uint16_t tci)
{
    uint32_t id = tci & 0xfff;
    if (w->p.vlan < 0x1000)
        w->p.vlan = w->p.vlan << 12 | id;
}

static bool is_vlan(uint16_t type)
{
    switch (type) {
    case ETHER_VLAN:
    case ETHER_VLAN_8200:
    case ETHER_QINQ:
    case ETHER_QINQ_OLD:
    case ETHER_VLAN_9200:
    case ETHER_VLAN_9300:
        return true;
    default:
        return false;
    }
}

/* Is there an EtherType `at` bytes behind the cursor? It must be one that is read, or ARP, and IP
 * must begin with its version. */
static bool has_type(const struct gad_cursor *c, size_t at)
{
    struct gad_cursor h = *c;

    gad_cursor_skip(&h, at);
    uint16_t type = gad_cursor_u16be(&h);
    uint8_t version = gad_cursor_u8(&h) >> 4;
    if (h.bad)
        return false;
    if (type == ETHER_IPV4 || type == ETHER_IPV6)
        return version == (type == ETHER_IPV4 ? 4 : 6);
    return is_vlan(type) || type == ETHER_ARP || type == ETHER_MPLS || type == ETHER_PPPOE;
}

/* Could an Ethernet frame start `at` bytes behind the cursor? */
static bool has_frame(const struct gad_cursor *c, size_t at)
{
    return has_type(c, at + 12);
}

/*
 * Is the payload of MPLS IP, although it could be a frame? Both begin with any bits: a destination
 * of a frame can begin with 4 or 6. Routers drop IPv4 with a wrong sum, so a sender cannot make IP
 * be read as a frame.
 */
static bool is_ip(const struct gad_walk *w)
{
    struct gad_cursor h = w->c;
    size_t len = (size_t)(h.left > 0 ? h.p[0] & 15 : 0) * 4;

    if (!has_frame(&h, 0))
        return true;
    if (h.p[0] >> 4 == 4)
        return len >= 20 && len <= h.left &&
               gad_checksum_fold(gad_checksum_add(0, h.p, len)) == 0xffff;
    gad_cursor_skip(&h, 4);
    return gad_cursor_u16be(&h) + (size_t)40 <= gad_walk_left(w);
}

/*
 * What the label stack ends with has no number: IP, a frame behind the control word of a pseudowire
 * (RFC 4448), or a frame without it.
 */
static enum gad_net_fate mpls_payload(struct gad_walk *w)
{
    unsigned first = w->c.left > 0 ? w->c.p[0] >> 4 : 4;

    if ((first == 4 || first == 6) && is_ip(w))
        return gad_net_ip(w);
    if (first == 0 && (has_frame(&w->c, 4) || !has_frame(&w->c, 0)))
        gad_cursor_skip(&w->c, 4);
    else if (first == 1 && !has_frame(&w->c, 0)) /* a control channel, RFC 4385 section 5 */
        return gad_net_not_ip(w, ETHER_MPLS);
    return gad_net_ethernet(w);
}

/* Removes n bytes, in which the sender's address starts at byte @at. */
static void link_source(struct gad_walk *w, size_t at, size_t n)
{
    const uint8_t *p = gad_cursor_take(&w->c, n);

    if (p)
        memcpy(&w->link_source, p + at, 6); /* the rest stays 0; any order of bytes will do */
}

/* RFC 3032: labels to the bottom of the stack. */
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
    return mpls_payload(w);
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
        return gad_net_not_ip(w, ETHER_PPP);
    }
}

/* IEEE 802.3: a length, then LLC; IP only behind SNAP (RFC 1042). */
static enum gad_net_fate snap(struct gad_walk *w, uint16_t len)
{
    if (!gad_walk_trim(w, len))
        return GAD_NET_LINK_HEADER;
    if (w->c.left > 0 && w->c.p[0] != 0xaa)
        return gad_net_not_ip(w, w->c.p[0]);
    uint32_t llc = gad_cursor_u32be(&w->c); /* DSAP, SSAP, control, first byte of the OUI */
    uint16_t oui = gad_cursor_u16be(&w->c);
    uint16_t type = gad_cursor_u16be(&w->c);
    if (w->c.bad)
        return gad_walk_short(w, GAD_NET_LINK_HEADER);
    if (llc != 0xaaaa0300 || oui != 0 || type <= ETHER_LENGTH_MAX)
        return gad_net_not_ip(w, 0xaa);
    return gad_net_ether_type(w, type);
}

/* Returns the length of a tag 0x8988 by what is behind it: as a VLAN's, a VN-Tag or an E-Tag. */
static size_t tag_8988_len(const struct gad_cursor *c)
{
    if (has_type(c, 2))
        return 2;
    return has_type(c, 4) ? 4 : has_type(c, 6) ? 6 : 2;
}

/* Removes a tag; the next EtherType is behind it. */
static void skip_tag(struct gad_walk *w, uint16_t type)
{
    size_t units;

    if (type == ETHER_TAG_8988 && tag_8988_len(&w->c) > 2) {
        gad_cursor_skip(&w->c, tag_8988_len(&w->c));
        return;
    }

    switch (type) {
    case ETHER_CMD: /* version, length in 8 bytes with both EtherTypes, options */
        gad_cursor_skip(&w->c, 1);
        units = gad_cursor_u8(&w->c);
        gad_cursor_skip(&w->c, units > 0 ? units * 8 - 4 : 4);
        break;
    case ETHER_VN_TAG:
        gad_cursor_skip(&w->c, 4);
        break;
    case ETHER_E_TAG:
        gad_cursor_skip(&w->c, 6);
        break;
    default:
        add_vlan(w, gad_cursor_u16be(&w->c));
    }
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
        case ETHER_FABRICPATH:
            gad_cursor_skip(&w->c, 2);
            return gad_net_ethernet(w);
        case GAD_ETHER_TRANSPARENT:
            return gad_net_ethernet(w);
        case ETHER_CMD:
        case ETHER_VN_TAG:
        case ETHER_E_TAG:
        case ETHER_TAG_8988:
            break;
        default:
            if (!is_vlan(type))
                return type <= ETHER_LENGTH_MAX ? snap(w, type) : gad_net_not_ip(w, type);
        }
        skip_tag(w, type);
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
    return type > ETHER_LENGTH_MAX ? gad_net_ether_type(w, type) : gad_net_not_ip(w, type);
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
