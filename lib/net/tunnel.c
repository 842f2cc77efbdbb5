/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tunnels: the names of all kinds; tunnels that are protocols of IP; tunnels in UDP. The protocols
 * of IP are GRE (RFC 1701, 2784, 2890, with PPTP's RFC 2637), IP in IP (RFC 2003, 4213, 2473) and
 * ERSPAN I, II and III (draft-foschiano-erspan-03).
 */
#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/text.h"
#include "lib/net/walk.h"

enum {
    PROTO_IPIP = 4,
    PROTO_IP6 = 41,
    PROTO_GRE = 47,
    ETHER_TYPE_MIN = 0x600, /* lower values are lengths */
    GRE_CHECKSUM = 0x8000,
    GRE_ROUTING = 0x4000,
    GRE_KEY = 0x2000,
    GRE_SEQUENCE = 0x1000,
    GRE_ACK = 0x0080, /* version 1 */
    GRE_VERSION = 0x0007,
    GRE_PPTP = 0x880b,
    GRE_ERSPAN_2 = 0x88be, /* and I, without a sequence number */
    GRE_ERSPAN_3 = 0x22eb,
};

static const char *const kind_names[] = {"gre",    "ipip",  "vxlan",  "geneve", "gtp",
                                         "teredo", "ayiya", "erspan", "all"};
enum { N_KINDS = 8, N_NAMES = 9, NAME_LEN = 15 };

/* Parses one name of (len) bytes. */
static int read_kind(const char *name, size_t len, unsigned *kinds, struct gad_diag *d)
{
    char shown[NAME_LEN + 1];

    for (size_t i = 0; i < N_NAMES; i++)
        if (strlen(kind_names[i]) == len && memcmp(kind_names[i], name, len) == 0) {
            *kinds |= i < N_KINDS ? 1U << i : GAD_TUNNELS_ALL;
            return 0;
        }
    if (len == 0)
        return gad_fail(d, GAD_EFORMAT, "the name of a tunnel is missing");
    gad_text_escape(shown, sizeof(shown), name, len);
    int near = gad_text_nearest(shown, kind_names, N_NAMES);
    return gad_fail(d, GAD_EUNKNOWN, "'%s' is not a supported tunnel%s%s%s", shown,
                    near < 0 ? ": gre, ipip, vxlan, geneve, gtp, teredo, ayiya, erspan"
                             : "; did you mean '",
                    near < 0 ? "" : kind_names[near], near < 0 ? "" : "'?");
}

int gad_tunnel_kinds(const char *text, unsigned *ret, struct gad_diag *d)
{
    unsigned kinds = 0;

    for (const char *p = text;;) {
        size_t len = strcspn(p, ","), lead = strspn(p, " \t"), end = len;
        while (end > lead && (p[end - 1] == ' ' || p[end - 1] == '\t'))
            end--;
        int r = read_kind(p + lead, end > lead ? end - lead : 0, &kinds, d);
        if (r != 0)
            return r;
        if (p[len] == '\0')
            break;
        p += len + 1;
    }
    *ret = kinds;
    return 0;
}

static bool opens(const struct gad_walk *w, unsigned kinds)
{
    return w->dec->opt.tunnels > 0 && (w->dec->opt.tunnel_kinds & kinds) != 0;
}

static bool enter(struct gad_walk *w)
{
    if (w->p.tunnels >= w->dec->opt.tunnels)
        return false;
    w->p.tunnels++;
    return true;
}

static enum gad_net_fate tunnelled(struct gad_walk *w, uint16_t type)
{
    return type >= ETHER_TYPE_MIN ? gad_net_ether_type(w, type) : GAD_NET_NOT_IP;
}

static enum gad_net_fate erspan(struct gad_walk *w, uint16_t type, bool has_sequence)
{
    if (type == GRE_ERSPAN_2 && !has_sequence) /* type I has no header */
        return gad_net_ethernet(w);

    uint8_t version = gad_cursor_u8(&w->c) >> 4;
    if (type == GRE_ERSPAN_2) {
        gad_cursor_skip(&w->c, 7);
    } else {
        gad_cursor_skip(&w->c, 10);
        bool has_subheader = (gad_cursor_u8(&w->c) & 1) != 0;
        gad_cursor_skip(&w->c, has_subheader ? 8 : 0);
    }
    if (w->c.bad)
        return gad_walk_short(w, GAD_NET_TUNNEL_HEADER);
    if (version != (type == GRE_ERSPAN_2 ? 1 : 2))
        return GAD_NET_TUNNEL_HEADER;
    return gad_net_ethernet(w);
}

static enum gad_net_fate gre(struct gad_walk *w)
{
    uint16_t flags = gad_cursor_u16be(&w->c);
    uint16_t type = gad_cursor_u16be(&w->c);
    bool is_pptp = (flags & GRE_VERSION) == 1;
    bool is_erspan = type == GRE_ERSPAN_2 || type == GRE_ERSPAN_3;

    if (!w->c.bad && !opens(w, is_erspan ? GAD_TUNNEL_ERSPAN : GAD_TUNNEL_GRE))
        return GAD_NET_OTHER_PROTOCOL;
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
    return tunnelled(w, type);
}

bool gad_net_is_tunnel(const struct gad_walk *w, uint8_t proto)
{
    if (proto == PROTO_GRE)
        return opens(w, GAD_TUNNEL_GRE | GAD_TUNNEL_ERSPAN);
    return (proto == PROTO_IPIP || proto == PROTO_IP6) && opens(w, GAD_TUNNEL_IPIP);
}

enum gad_net_fate gad_net_tunnel(struct gad_walk *w, uint8_t proto)
{
    if (!enter(w))
        return GAD_NET_TUNNEL_DEEP;
    if (proto == PROTO_GRE)
        return gre(w);
    return proto == PROTO_IPIP ? gad_net_ip4(w) : gad_net_ip6(w);
}

/*
 * In UDP, recognised by the port and by a header that could hardly be anything else. UDP to such a
 * port with another payload is just UDP.
 *
 *     VXLAN    RFC 7348          GTP-U    3GPP TS 29.281
 *     GENEVE   RFC 8926          Teredo   RFC 4380
 *     GRE      RFC 8086          AYIYA    draft-massar-v6ops-ayiya-02
 */

enum {
    GTP_OPTIONAL = 0x07, /* any of the flags E, S and PN */
    GTP_DATA = 0xff,     /* the type of a message that holds a packet */
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

enum { IP_INSIDE = 0, GRE_INSIDE = 1 }; /* in addition to EtherTypes */

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

static const struct {
    uint16_t port;  /* 0: any */
    bool both_ways; /* either end can have the port; else only the receiver */
    header_fn *header;
    enum gad_tunnel kind;
} kinds[] = {
    {4789, false, vxlan, GAD_TUNNEL_VXLAN},    {6081, false, geneve, GAD_TUNNEL_GENEVE},
    {4754, false, gre_in_udp, GAD_TUNNEL_GRE}, {2152, true, gtp, GAD_TUNNEL_GTP},
    {3544, true, teredo, GAD_TUNNEL_TEREDO},   {0, true, teredo_bare, GAD_TUNNEL_TEREDO},
    {5072, true, ayiya, GAD_TUNNEL_AYIYA},
};

static enum gad_net_fate open_tunnel(struct gad_walk *w, uint16_t type)
{
    if (!enter(w))
        return GAD_NET_TUNNEL_DEEP;
    if (type == GRE_INSIDE)
        return gre(w);
    return type == IP_INSIDE ? gad_net_ip(w) : tunnelled(w, type);
}

bool gad_net_udp_tunnel(struct gad_walk *w, enum gad_net_fate *ret)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct gad_cursor inside = w->c;
        uint16_t type;

        if (kinds[i].port != 0 && w->p.tuple.dst_port != kinds[i].port &&
            !(kinds[i].both_ways && w->p.tuple.src_port == kinds[i].port))
            continue;
        if (!opens(w, kinds[i].kind) || !kinds[i].header(&inside, gad_walk_left(w), &type) ||
            inside.bad)
            continue;
        w->c = inside;
        *ret = open_tunnel(w, type);
        return true;
    }
    return false;
}
