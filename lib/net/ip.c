/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 (RFC 791) and IPv6 (RFC 8200) with its extension headers. */
#include "lib/net/checksum.h"
#include "lib/net/frag.h"
#include "lib/net/walk.h"

enum {
    IP4_HEADER = 20,
    IP6_HEADER = 40,
    MORE_FRAGMENTS = 0x2000,
    OFFSET_MASK = 0x1fff, /* in units of 8 bytes */
};

enum protocol {
    PROTO_HOP_BY_HOP = 0,
    PROTO_ROUTING = 43,
    PROTO_FRAGMENT = 44,
    PROTO_AH = 51,
    PROTO_OPTIONS = 60,
    PROTO_MOBILITY = 135,
    PROTO_HIP = 139,
    PROTO_SHIM6 = 140,
};

static bool is_extension(uint8_t family, uint8_t proto)
{
    switch (proto) {
    case PROTO_AH: /* RFC 4302, of both */
        return true;
    case PROTO_HOP_BY_HOP:
    case PROTO_ROUTING:
    case PROTO_OPTIONS:
    case PROTO_MOBILITY:
    case PROTO_HIP:
    case PROTO_SHIM6:
        return family == 6;
    default:
        return false;
    }
}

/* Fragments of other protocols begin no datagram. */
static bool is_wanted(const struct gad_walk *w, uint8_t proto)
{
    return proto == GAD_IP_TCP || proto == GAD_IP_UDP || proto == GAD_IP_ICMP ||
           proto == GAD_IP_ICMP6 || is_extension(w->p.tuple.family, proto) ||
           gad_net_is_tunnel(w, proto);
}

/* False: the header's checksum is to count as bad. The header was captured. */
static bool ip4_sum_holds(struct gad_walk *w, const uint8_t *header, size_t len)
{
    enum { FIELD = 10 };

    if (w->dec->opt.checksums == GAD_CHECKSUMS_IGNORE)
        return true;
    bool is_right = gad_checksum_fold(gad_checksum_add(0, header, len)) == 0xffff;
    const struct gad_checksum sum = {
        .class = GAD_SUM_IP4,
        .is_right = is_right,
        .is_left = !is_right && gad_checksum_is_left(header + FIELD, &w->p.tuple, len, false),
        .is_evidence = true,
    };
    return !gad_checksum_judge(w, &sum);
}

enum gad_net_fate gad_net_ip4(struct gad_walk *w)
{
    const uint8_t *start = w->c.p;
    struct gad_cursor h = gad_cursor_sub(&w->c, IP4_HEADER);

    if (h.bad)
        return gad_walk_short(w, GAD_NET_IP_HEADER);
    uint8_t version_len = gad_cursor_u8(&h);
    gad_cursor_skip(&h, 1);
    size_t total = gad_cursor_u16be(&h);
    uint32_t id = gad_cursor_u16be(&h);
    uint16_t fragment = gad_cursor_u16be(&h);
    w->p.hop_limit = gad_cursor_u8(&h);
    uint8_t proto = gad_cursor_u8(&h);
    gad_cursor_skip(&h, 2);

    size_t header = (size_t)(version_len & 15) * 4;
    if (version_len >> 4 != 4)
        return GAD_NET_IP_VERSION;
    if (header < IP4_HEADER)
        return GAD_NET_IP_HEADER;
    gad_cursor_skip(&w->c, header - IP4_HEADER); /* options */
    if (w->c.bad)
        return gad_walk_short(w, GAD_NET_IP_HEADER);
    if (total == 0) /* set by the hardware under segmentation offload */
        total = header + gad_walk_left(w);
    if (total < header)
        return GAD_NET_IP_HEADER;
    if (!gad_walk_trim(w, total - header) && !w->is_incomplete)
        return GAD_NET_IP_LENGTH;

    w->p.tuple = (struct gad_tuple){.family = 4, .proto = proto};
    memcpy(w->p.tuple.src, h.p, 4);
    memcpy(w->p.tuple.dst, h.p + 4, 4);
    bool holds = ip4_sum_holds(w, start, header);
    if (fragment & (MORE_FRAGMENTS | OFFSET_MASK)) {
        const struct gad_fragment f = {.id = id,
                                       .proto = proto,
                                       .is_last = (fragment & MORE_FRAGMENTS) == 0,
                                       .is_bad = !holds,
                                       .is_unwanted = !is_wanted(w, proto),
                                       .offset = (size_t)(fragment & OFFSET_MASK) * 8,
                                       .header = header};
        return gad_net_fragment(w, &f);
    }
    return holds ? gad_net_payload(w, proto) : GAD_NET_IP_CHECKSUM;
}

enum gad_net_fate gad_net_ip6(struct gad_walk *w)
{
    struct gad_cursor h = gad_cursor_sub(&w->c, IP6_HEADER);

    if (h.bad)
        return gad_walk_short(w, GAD_NET_IP_HEADER);
    uint32_t version = gad_cursor_u32be(&h) >> 28;
    size_t len = gad_cursor_u16be(&h);
    uint8_t next = gad_cursor_u8(&h);

    if (version != 6)
        return GAD_NET_IP_VERSION;
    if (len == 0) /* a jumbogram (RFC 2675), or segmentation offload */
        len = gad_walk_left(w);
    if (!gad_walk_trim(w, len) && !w->is_incomplete)
        return GAD_NET_IP_LENGTH;
    w->p.tuple = (struct gad_tuple){.family = 6, .proto = next};
    w->p.hop_limit = gad_cursor_u8(&h);
    memcpy(w->p.tuple.src, h.p, 16);
    memcpy(w->p.tuple.dst, h.p + 16, 16);
    return gad_net_payload(w, next);
}

enum gad_net_fate gad_net_ip(struct gad_walk *w)
{
    if (w->c.left == 0)
        return gad_walk_short(w, GAD_NET_IP_HEADER);
    switch (w->c.p[0] >> 4) {
    case 4:
        return gad_net_ip4(w);
    case 6:
        return gad_net_ip6(w);
    default:
        return GAD_NET_IP_VERSION;
    }
}

/* RFC 8200 section 4.5; a fragment that is a whole datagram (RFC 6946) is handled at once. */
static enum gad_net_fate ip6_fragment(struct gad_walk *w)
{
    struct gad_fragment f = {.proto = gad_cursor_u8(&w->c)};
    gad_cursor_skip(&w->c, 1);
    uint16_t offset = gad_cursor_u16be(&w->c);
    f.id = gad_cursor_u32be(&w->c);
    f.offset = offset & ~(size_t)7;
    f.is_last = (offset & 1) == 0;
    if (w->c.bad)
        return gad_walk_short(w, GAD_NET_IP6_CHAIN);
    if (f.offset == 0 && f.is_last)
        return gad_net_payload(w, f.proto);
    f.is_unwanted = !is_wanted(w, f.proto); /* only the first fragment's protocol counts */
    return gad_net_fragment(w, &f);
}

enum gad_net_fate gad_net_payload(struct gad_walk *w, uint8_t proto)
{
    for (;;) {
        w->p.tuple.proto = proto;
        switch (proto) {
        case GAD_IP_TCP:
            return gad_net_tcp(w);
        case GAD_IP_UDP:
            return gad_net_udp(w);
        case GAD_IP_ICMP:
        case GAD_IP_ICMP6:
            return gad_net_icmp(w, proto);
        default:
            break;
        }
        bool is_fragment = proto == PROTO_FRAGMENT && w->p.tuple.family == 6;
        if (!is_fragment && !is_extension(w->p.tuple.family, proto))
            return gad_net_is_tunnel(w, proto) ? gad_net_tunnel(w, proto) : gad_net_other(w, proto);
        if (!gad_walk_deeper(w))
            return GAD_NET_IP6_CHAIN;
        if (is_fragment)
            return ip6_fragment(w);
        bool is_ah = proto == PROTO_AH;
        proto = gad_cursor_u8(&w->c);
        size_t units = gad_cursor_u8(&w->c);
        gad_cursor_skip(&w->c, is_ah ? units * 4 + 6 : units * 8 + 6);
        if (w->c.bad)
            return gad_walk_short(w, GAD_NET_IP6_CHAIN);
    }
}
