/* SPDX-License-Identifier: Apache-2.0 */
/* TCP (RFC 9293), UDP (RFC 768), ICMP (RFC 792) and ICMPv6 (RFC 4443): creates the packet. */
#include "lib/net/checksum.h"
#include "lib/net/walk.h"

enum { TCP_HEADER = 20, UDP_HEADER = 8, ICMP_HEADER = 8 };

/* Is the checksum of the message of len bytes bad, and is it to count? Only complete data can be
 * verified. */
static bool is_bad(struct gad_walk *w, const struct gad_cursor *m, size_t len, bool has_pseudo)
{
    uint64_t sum = 0;

    if (w->dec->checksums == GAD_CHECKSUMS_IGNORE)
        return false;
    bool is_summed = w->sum_at == m->p && w->sum_len == len;
    if (w->is_incomplete || (!is_summed && len > m->left))
        return false;
    if (has_pseudo)
        sum = gad_checksum_pseudo(0, &w->p.tuple, len);
    sum = is_summed ? sum + w->sum : gad_checksum_add(sum, m->p, len);
    return gad_checksum_judge(w->dec, gad_checksum_fold(sum) != 0xffff);
}

static enum gad_net_fate deliver(struct gad_walk *w)
{
    w->p.len = (uint32_t)gad_walk_left(w); /* a frame is shorter than 4 GB: gad_decode() */
    w->p.data = w->c.p;
    w->p.data_len = (uint32_t)w->c.left;
    w->fn(w->arg, &w->p);
    return GAD_NET_PACKET;
}

enum gad_net_fate gad_net_tcp(struct gad_walk *w)
{
    const struct gad_cursor whole = w->c;
    struct gad_cursor h = gad_cursor_sub(&w->c, TCP_HEADER);

    if (h.bad)
        return gad_walk_short(w, GAD_NET_TCP_HEADER);
    w->p.tuple.src_port = gad_cursor_u16be(&h);
    w->p.tuple.dst_port = gad_cursor_u16be(&h);
    w->p.seq = gad_cursor_u32be(&h);
    w->p.ack = gad_cursor_u32be(&h);
    size_t header = (size_t)(gad_cursor_u8(&h) >> 4) * 4;
    w->p.tcp_flags = gad_cursor_u8(&h);
    if (header < TCP_HEADER || header - TCP_HEADER > gad_walk_left(w))
        return w->is_split && header > TCP_HEADER ? GAD_NET_FRAGMENT_TINY : GAD_NET_TCP_HEADER;

    w->p.bad_checksum = is_bad(w, &whole, TCP_HEADER + gad_walk_left(w), true);
    size_t options = header - TCP_HEADER;
    size_t captured = options < w->c.left ? options : w->c.left;
    gad_cursor_skip(&w->c, captured);
    w->missing -= options - captured; /* part of the options was not captured */
    return deliver(w);
}

enum gad_net_fate gad_net_udp(struct gad_walk *w)
{
    const struct gad_cursor whole = w->c;
    struct gad_cursor h = gad_cursor_sub(&w->c, UDP_HEADER);
    enum gad_net_fate fate;

    if (h.bad)
        return gad_walk_short(w, GAD_NET_UDP_HEADER);
    w->p.tuple.src_port = gad_cursor_u16be(&h);
    w->p.tuple.dst_port = gad_cursor_u16be(&h);
    size_t len = gad_cursor_u16be(&h);
    bool has_sum = gad_cursor_u16be(&h) != 0;

    if (len == 0) /* a jumbogram (RFC 2675), or segmentation offload */
        len = UDP_HEADER + gad_walk_left(w);
    if (len < UDP_HEADER)
        return GAD_NET_UDP_HEADER;
    if (!gad_walk_trim(w, len - UDP_HEADER) && !w->is_incomplete)
        return GAD_NET_UDP_HEADER;
    w->p.bad_checksum = has_sum && is_bad(w, &whole, len, true);
    if (w->dec->opt.tunnels > 0 && gad_net_udp_tunnel(w, &fate))
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
    w->p.bad_checksum = is_bad(w, &w->c, gad_walk_left(w), proto == GAD_IP_ICMP6);
    return deliver(w);
}
