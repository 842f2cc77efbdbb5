/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tunnels in UDP, told by their port and by a header that could hardly be anything else: VXLAN (RFC 7348), GENEVE
 * (RFC 8926), GRE (RFC 8086), GTP-U (3GPP TS 29.281), Teredo (RFC 4380), AYIYA (draft-massar-v6ops-ayiya-02). UDP to
 * such a port with another payload is just UDP.
 */
#include "lib/net/walk.h"

enum {
    GTP_OPTIONAL = 0x07, /* any of the flags E, S and PN */
    GTP_DATA = 0xff,     /* the type of a message that holds a packet */
    GTP_HEADER = 8,
    TEREDO_AUTH = 0x0001,
    TEREDO_ORIGIN = 0x0000,
    TEREDO_PREFIX = 0x20010000,
    AYIYA_FORWARD = 1,
    PROTO_IPIP = 4,
    PROTO_IP6 = 41,
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

/* Each moves the cursor to what is inside and says what that is, or false. */
typedef bool header_fn(struct gad_cursor *c, size_t left, uint16_t *ret_type);

enum { IP_INSIDE = 0, GRE_INSIDE = 1 }; /* beside Ethernet's types */

static bool vxlan(struct gad_cursor *c, size_t left, uint16_t *ret_type)
{
    (void)left;
    *ret_type = GAD_ETHER_TRANSPARENT;
    return gad_cursor_u32be(c) == 0x08000000 && (gad_cursor_u32be(c) & 0xff) == 0;
}

static bool geneve(struct gad_cursor *c, size_t left, uint16_t *ret_type)
{
    (void)left;
    uint8_t version_len = gad_cursor_u8(c);
    gad_cursor_skip(c, 1);
    *ret_type = gad_cursor_u16be(c);
    gad_cursor_skip(c, 3);
    bool is_reserved_0 = gad_cursor_u8(c) == 0;
    gad_cursor_skip(c, (size_t)(version_len & 0x3f) * 4);
    return version_len >> 6 == 0 && is_reserved_0;
}

static bool gre(struct gad_cursor *c, size_t left, uint16_t *ret_type)
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

/* Between Teredo's peers and relays, on whatever ports: an IPv6 packet, to the byte, of an address of Teredo's. */
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

static const struct {
    uint16_t port;  /* 0: any */
    bool both_ways; /* either end may have the port; else the receiver has it */
    header_fn *header;
    enum gad_tunnel kind;
} kinds[] = {
    {4789, false, vxlan, GAD_TUNNEL_VXLAN},  {6081, false, geneve, GAD_TUNNEL_GENEVE},
    {4754, false, gre, GAD_TUNNEL_GRE},      {2152, true, gtp, GAD_TUNNEL_GTP},
    {3544, true, teredo, GAD_TUNNEL_TEREDO}, {0, true, teredo_bare, GAD_TUNNEL_TEREDO},
    {5072, true, ayiya, GAD_TUNNEL_AYIYA},
};

static enum gad_net_fate open_it(struct gad_walk *w, uint16_t type)
{
    if (!gad_net_enter_tunnel(w))
        return GAD_NET_TUNNEL_DEEP;
    if (type == GRE_INSIDE)
        return gad_net_gre(w);
    return type == IP_INSIDE ? gad_net_ip(w) : gad_net_tunnelled(w, type);
}

bool gad_net_udp_tunnel(struct gad_walk *w, enum gad_net_fate *ret)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct gad_cursor inside = w->c;
        uint16_t type;

        if (kinds[i].port != 0 && w->p.tuple.dst_port != kinds[i].port &&
            !(kinds[i].both_ways && w->p.tuple.src_port == kinds[i].port))
            continue;
        if (!gad_net_opens(w, kinds[i].kind) ||
            !kinds[i].header(&inside, gad_walk_left(w), &type) || inside.bad)
            continue;
        w->c = inside;
        *ret = open_it(w, type);
        return true;
    }
    return false;
}
