/* SPDX-License-Identifier: Apache-2.0 */
/* TCP (RFC 9293), UDP (RFC 768), ICMP (RFC 792) and ICMPv6 (RFC 4443): creates the packet. */
#include "lib/net/checksum.h"
#include "lib/net/walk.h"

enum {
    TCP_HEADER = 20,
    TCP_NEEDED = 14, /* ports, numbers, length of the header and flags: what a record needs */
    UDP_HEADER = 8,
    UDP_NEEDED = 4, /* ports; IP has the length */
    ICMP_HEADER = 8,
};

/* Is a header of len bytes on the wire, and were the first `needed` of it captured? Of fragments it
 * must be complete: the other bytes can be in the next one. */
static bool has_header(const struct gad_walk *w, size_t len, size_t needed)
{
    return gad_walk_left(w) >= len && w->c.left >= (w->from_fragments ? len : needed);
}

enum { LINK_MAX = 1500 }; /* bytes of a packet on Ethernet; jumbo frames are rare enough */

/* A message of TCP, UDP or ICMP. */
struct message {
    const uint8_t *p; /* (left) bytes, the captured ones of len */
    size_t left, len;
    size_t field; /* where its checksum is */
    bool has_pseudo, is_evidence, is_mergeable;
};

/* Is the checksum of a message bad, and is it to count? Only complete data can be verified. */
static bool is_bad(struct gad_walk *w, enum gad_sum_class class, const struct message *m)
{
    const struct gad_tuple *t = &w->p.tuple;

    if (w->dec->opt.checksums == GAD_CHECKSUMS_IGNORE)
        return false;
    bool is_summed = w->sum_at == m->p && w->sum_len == m->len;
    if (w->is_incomplete || (!is_summed && m->len > m->left))
        return false;
    uint64_t sum = m->has_pseudo ? gad_checksum_pseudo(0, t, m->len) : 0;
    sum = is_summed ? sum + w->sum : gad_checksum_add(sum, m->p, m->len);
    bool is_right = gad_checksum_fold(sum) == 0xffff;
    const struct gad_checksum found = {
        .class = class,
        .is_right = is_right,
        .is_left = !is_right && gad_checksum_is_left(m->p + m->field, t, m->len, m->has_pseudo),
        .is_evidence = m->is_evidence && !w->from_fragments,
        .is_mergeable = m->is_mergeable && !w->from_fragments,
        .is_merged = m->len > LINK_MAX && !w->from_fragments,
    };
    return gad_checksum_judge(w, &found);
}

static bool is_bad_tcp(struct gad_walk *w, const struct gad_cursor *whole, size_t len,
                       size_t header)
{
    enum { FIELD = 16 };
    const struct message m = {
        whole->p,
        whole->left,
        len,
        FIELD,
        true,
        .is_evidence = len > header && (w->p.tcp_flags & GAD_TCP_RST) == 0,
        .is_mergeable =
            len > header && (w->p.tcp_flags & (GAD_TCP_SYN | GAD_TCP_RST | GAD_TCP_URG)) == 0,
    };
    return is_bad(w, GAD_SUM_TCP, &m);
}

static enum gad_net_fate deliver(struct gad_walk *w)
{
    w->p.len = (uint32_t)gad_walk_left(w); /* a frame is shorter than 4 GB: gad_decode() */
    w->p.data = w->c.p;
    w->p.data_len = (uint32_t)w->c.left;
    w->fn(w->arg, &w->p);
    return GAD_NET_PACKET;
}

/* Removes len bytes of a header, of which the capture can have fewer. */
static void skip_header(struct gad_walk *w, size_t len)
{
    size_t captured = len < w->c.left ? len : w->c.left;

    gad_cursor_skip(&w->c, captured);
    w->missing -= len - captured;
}

enum gad_net_fate gad_net_tcp(struct gad_walk *w)
{
    const struct gad_cursor whole = w->c;
    struct gad_cursor h = w->c;
    size_t len = gad_walk_left(w);

    if (!has_header(w, TCP_HEADER, TCP_NEEDED))
        return gad_walk_short(w, GAD_NET_TCP_HEADER);
    w->p.tuple.src_port = gad_cursor_u16be(&h);
    w->p.tuple.dst_port = gad_cursor_u16be(&h);
    w->p.seq = gad_cursor_u32be(&h);
    w->p.ack = gad_cursor_u32be(&h);
    size_t header = (size_t)(gad_cursor_u8(&h) >> 4) * 4;
    w->p.tcp_flags = gad_cursor_u8(&h);
    if (header < TCP_HEADER || header > len)
        return w->is_split && header > TCP_HEADER ? GAD_NET_FRAGMENT_TINY : GAD_NET_TCP_HEADER;

    skip_header(w, header);
    w->p.bad_checksum = is_bad_tcp(w, &whole, len, header);
    return deliver(w);
}

enum gad_net_fate gad_net_udp(struct gad_walk *w)
{
    const struct gad_cursor whole = w->c;
    struct gad_cursor h = w->c;
    size_t left = gad_walk_left(w);
    enum gad_net_fate fate;

    if (!has_header(w, UDP_HEADER, UDP_NEEDED))
        return gad_walk_short(w, GAD_NET_UDP_HEADER);
    w->p.tuple.src_port = gad_cursor_u16be(&h);
    w->p.tuple.dst_port = gad_cursor_u16be(&h);
    size_t len = gad_cursor_u16be(&h);
    bool has_sum = gad_cursor_u16be(&h) != 0;
    skip_header(w, UDP_HEADER);

    if (len == 0 || h.bad) /* a jumbogram (RFC 2675), segmentation offload, or not captured */
        len = left;
    if (len < UDP_HEADER)
        return GAD_NET_UDP_HEADER;
    if (len > left) { /* in a tunnel it is no reason to refuse; the length of IP counts */
        if (!w->is_incomplete && w->p.tunnels == 0)
            return GAD_NET_UDP_HEADER;
        len = left;
    }
    (void)gad_walk_trim(w, len - UDP_HEADER);
    const struct message m = {
        whole.p, whole.left, len, 6, true, .is_evidence = true, .is_mergeable = len > UDP_HEADER};
    w->p.bad_checksum = has_sum && is_bad(w, GAD_SUM_UDP, &m);
    if (w->dec->n_udp > 0 && !w->p.bad_checksum && gad_net_udp_tunnel(w, &fate))
        return fate;
    return deliver(w);
}

enum gad_net_fate gad_net_icmp(struct gad_walk *w, uint8_t proto)
{
    struct gad_cursor h = w->c;

    w->p.icmp_type = gad_cursor_u8(&h);
    w->p.icmp_code = gad_cursor_u8(&h);
    gad_cursor_skip(&h, ICMP_HEADER - 2);
    if (h.bad)
        return gad_walk_short(w, GAD_NET_ICMP_HEADER);
    const struct message m = {
        w->c.p, w->c.left, gad_walk_left(w), 2, proto == GAD_IP_ICMP6, .is_evidence = true};
    w->p.bad_checksum = is_bad(w, GAD_SUM_ICMP, &m);
    return deliver(w);
}
