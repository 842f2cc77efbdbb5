/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-traffic/frame.h"

#include <string.h>

#include "tools/ganad-traffic/draw.h"
#include "tools/ganad-traffic/tcp.h"
#include "tools/ganad-traffic/world.h"

enum { ETHERTYPE_IPV4 = 0x0800, ETHERTYPE_IPV6 = 0x86dd, TAG = 0x8100, OUTER_TAG = 0x88a8 };
enum { DONT_FRAGMENT = 0x4000, MORE_FRAGMENTS = 0x2000, FRAME_LEAST = 60 };

/* Sum of big-endian words; an odd last byte is the high half of a word. */
static uint64_t sum(const uint8_t *p, size_t len)
{
    uint64_t s = 0;

    for (; len > 1; p += 2, len -= 2)
        s += (uint32_t)p[0] << 8 | p[1];
    return len ? s + ((uint32_t)p[0] << 8) : s;
}

static uint16_t fold(uint64_t s)
{
    while (s >> 16)
        s = (s & 0xffff) + (s >> 16);
    return (uint16_t)~s;
}

static uint16_t plain_checksum(const uint8_t *p, size_t len)
{
    return fold(sum(p, len));
}

/* Internet checksum (RFC 1071) of an upper-layer message with its pseudo-header; the checksum field
 * is zero. */
static uint16_t checksum(const struct endpoint *from, const struct endpoint *to, uint8_t proto,
                         const uint8_t *p, size_t len)
{
    size_t n = from->family == 4 ? 4 : 16;
    uint64_t s = sum(from->addr, n) + sum(to->addr, n) + proto + len + sum(p, len);
    uint16_t c = fold(s);

    return c == 0 && proto == PROTO_UDP ? 0xffff : c; /* RFC 768: 0 means no checksum */
}

static uint8_t *ethernet(uint8_t *p, const struct conn *c, const struct endpoint *from,
                         const struct endpoint *to)
{
    memcpy(p, to->mac, 6);
    memcpy(p + 6, from->mac, 6);
    p += 12;
    for (int i = 0; i < 2 && c->vlan[i]; i++) {
        p = frame_put16(p, i == 0 && c->vlan[1] ? OUTER_TAG : TAG);
        p = frame_put16(p, c->vlan[i]);
    }
    return frame_put16(p, from->family == 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6);
}

/* Writes an IPv4 header without options, also for the datagram that an ICMP error quotes. Returns
 * its length, 20. */
static size_t ipv4(uint8_t *out, const struct endpoint *from, const struct endpoint *to,
                   uint8_t proto, uint16_t id, uint16_t fragment, size_t payload)
{
    uint8_t *p = out;

    *p++ = 0x45;
    *p++ = 0;
    p = frame_put16(p, (uint32_t)(20 + payload));
    p = frame_put16(p, id);
    p = frame_put16(p, fragment);
    *p++ = from->ttl;
    *p++ = proto;
    p = frame_put16(p, 0);
    memcpy(p, from->addr, 4);
    memcpy(p + 4, to->addr, 4);
    (void)frame_put16(out + 10, plain_checksum(out, 20));
    return 20;
}

static size_t ipv6(uint8_t *out, const struct endpoint *from, const struct endpoint *to,
                   uint8_t proto, size_t payload)
{
    uint8_t *p = frame_put32(out, 6u << 28);

    p = frame_put16(p, (uint32_t)payload);
    *p++ = proto;
    *p++ = from->ttl;
    memcpy(p, from->addr, 16);
    memcpy(p + 16, to->addr, 16);
    return 40;
}

uint8_t frame_option_len(uint8_t os, uint8_t flags)
{
    static const uint8_t len[TCP_N_OS][2] = {{12, 20}, {0, 12}, {0, 4}};
    return len[os][flags & TCP_SYN ? 1 : 0];
}

/* RFC 9293: MSS; RFC 7323: window scale, timestamps; RFC 2018: SACK permitted. */
static uint8_t *options(uint8_t *p, struct conn *c, enum side from, const struct packet *k)
{
    uint32_t value = (uint32_t)(k->time / 1000) + c->clock[from];
    uint32_t most = c->end[0].family == 4 ? 1460 : 1440;

    if (k->flags & TCP_SYN)
        p = frame_put32(p, 2u << 24 | 4u << 16 | most);
    if (c->os == TCP_OS_TIMESTAMPS) {
        p = frame_put16(p, k->flags & TCP_SYN ? 0x0402 : 0x0101);
        p = frame_put16(p, 0x080a);
        p = frame_put32(p, value);
        p = frame_put32(p, c->echo[from]);
        if (k->flags & TCP_SYN)
            p = frame_put32(p, 0x01030307);
        c->echo[other(from)] = value;
    } else if (c->os == TCP_OS_PLAIN && k->flags & TCP_SYN) {
        p = frame_put32(p, 0x01030308);
        p = frame_put32(p, 0x01010402);
    }
    return p;
}

static uint8_t *tcp(uint8_t *p, struct conn *c, enum side from, const struct packet *k)
{
    uint8_t words = (uint8_t)(5 + frame_option_len(c->os, k->flags) / 4);

    p = frame_put16(p, c->end[from].port);
    p = frame_put16(p, c->end[other(from)].port);
    p = frame_put32(p, k->seq);
    p = frame_put32(p, k->flags & TCP_ACK ? k->ack : 0);
    *p++ = (uint8_t)(words << 4);
    *p++ = k->flags;
    p = frame_put16(p, k->flags & TCP_RST ? 0 : 64240);
    p = frame_put16(p, 0);
    p = frame_put16(p, k->flags & TCP_URG ? k->text_len : 0);
    return options(p, c, from, k);
}

static uint8_t *payload(uint8_t *p, const struct session *s, const struct packet *k)
{
    const uint8_t *pool = k->bits & PACKET_BINARY ? s->world->binary : s->world->text;

    if (k->text_len)
        memcpy(p, s->text.p + k->text_at, k->text_len);
    if (k->fill_len)
        memcpy(p + k->text_len, pool + k->fill_at % WORLD_POOL, k->fill_len);
    return p + k->text_len + k->fill_len;
}

size_t frame_build(const struct session *s, const struct packet *k, uint8_t *out)
{
    struct conn *c = s->conn[k->conn];
    enum side side = k->bits & PACKET_FROM_RESP ? RESP : ORIG;
    const struct endpoint *from = &c->end[side], *to = &c->end[other(side)];
    uint8_t *ip = ethernet(out, c, from, to), *upper = ip + (from->family == 4 ? 20 : 40),
            *p = upper;

    gad_assert(k->text_len + k->fill_len <= 1500);
    if (k->bits & PACKET_RAW)
        ;
    else if (c->proto == PROTO_TCP)
        p = tcp(p, c, side, k);
    else {
        p = frame_put16(p, from->port);
        p = frame_put16(p, to->port);
        p = frame_put16(p, 8u + k->text_len + k->fill_len);
        p = frame_put16(p, 0);
    }
    p = payload(p, s, k);

    size_t len = (size_t)(p - upper);
    if (!(k->bits & PACKET_RAW))
        (void)frame_put16(upper + (c->proto == PROTO_TCP ? 16 : 6),
                          checksum(from, to, c->proto, upper, len));
    uint16_t id = c->ip_id[side]++, fragment = c->proto == PROTO_TCP ? DONT_FRAGMENT : 0;
    if (k->bits & PACKET_FRAGMENT) {
        id = (uint16_t)k->ack;
        fragment = (uint16_t)(k->seq / 8 | (k->bits & PACKET_MORE ? MORE_FRAGMENTS : 0));
    }
    if (from->family == 4)
        (void)ipv4(ip, from, to, c->proto, id, fragment, len);
    else
        (void)ipv6(ip, from, to, c->proto, len);
    len = (size_t)(p - out);
    if (len < FRAME_LEAST)
        memset(p, 0, FRAME_LEAST - len); /* Ethernet padding */
    return len < FRAME_LEAST ? FRAME_LEAST : len;
}

/* --- UDP and ICMP --- */

enum { DATAGRAM_MAX = 9000, FRAGMENT_GAP = 25, ECHO_REQUEST = 8 }; /* bytes, us */

struct conn *udp_new(struct session *s, const struct endpoint *orig, const struct endpoint *resp)
{
    return session_conn(s, PROTO_UDP, orig, resp);
}

void udp_build(uint8_t *datagram, const struct endpoint *from, const struct endpoint *to,
               size_t len)
{
    uint8_t *p = frame_put16(datagram, from->port);

    p = frame_put16(p, to->port);
    p = frame_put16(p, (uint32_t)(UDP_HEADER + len));
    (void)frame_put16(p, 0);
    (void)frame_put16(p, checksum(from, to, PROTO_UDP, datagram, UDP_HEADER + len));
}

void fragment(struct session *s, struct conn *c, enum side from, uint16_t id, uint32_t text_at,
              uint32_t offset, size_t len, bool more)
{
    struct packet *p = session_packet(s, c, from, s->now);

    gad_assert(len <= FRAME_FRAGMENT && offset % 8 == 0);
    p->bits |= (uint8_t)(PACKET_RAW | PACKET_FRAGMENT | (more ? PACKET_MORE : 0));
    p->seq = offset;
    p->ack = id;
    p->text_at = text_at;
    p->text_len = (uint16_t)len;
}

/* Sends a complete IP payload: raw in one packet, or in as many fragments as necessary. */
static void send_whole(struct session *s, struct conn *c, enum side from, const uint8_t *p,
                       size_t len)
{
    uint32_t at = session_text(s, p, len);

    if (len <= FRAME_FRAGMENT) {
        struct packet *k = session_packet(s, c, from, s->now);
        k->bits |= PACKET_RAW;
        k->text_at = at;
        k->text_len = (uint16_t)len;
        return;
    }
    uint16_t id = c->ip_id[from]++;
    for (size_t done = 0; done < len; done += FRAME_FRAGMENT) {
        size_t n = len - done < FRAME_FRAGMENT ? len - done : FRAME_FRAGMENT;
        if (done > 0)
            s->now += FRAGMENT_GAP;
        fragment(s, c, from, id, at + (uint32_t)done, (uint32_t)done, n, done + n < len);
    }
}

void udp_send(struct session *s, struct conn *c, enum side from, const void *text, size_t len,
              size_t fill)
{
    size_t total = len + fill;

    gad_assert(total <= DATAGRAM_MAX);
    c->last = from;
    c->truth.bytes[from] += total;
    uint32_t fill_at = gad_rng_below(&s->rng, WORLD_POOL);
    if (UDP_HEADER + total <= FRAME_FRAGMENT) {
        struct packet *p = session_packet(s, c, from, s->now);
        p->text_at = session_text(s, text, len);
        p->text_len = (uint16_t)len;
        p->fill_at = fill_at;
        p->fill_len = (uint16_t)fill;
        p->bits |= PACKET_BINARY;
        return;
    }
    uint8_t whole[UDP_HEADER + DATAGRAM_MAX], *payload = whole + UDP_HEADER;
    memcpy(payload, text, len);
    for (size_t i = 0; i < fill; i++)
        payload[len + i] = s->world->binary[(fill_at + i) % WORLD_POOL];
    udp_build(whole, &c->end[from], &c->end[other(from)], total);
    send_whole(s, c, from, whole, UDP_HEADER + total);
}

void udp_turn(struct session *s, const struct conn *c, enum side from, uint64_t think_us)
{
    s->now += c->end[from].delay;
    session_think(s, think_us);
}

static uint8_t *icmp_header(uint8_t *p, uint8_t type, uint8_t code, uint32_t rest)
{
    *p++ = type;
    *p++ = code;
    p = frame_put16(p, 0);
    return frame_put32(p, rest);
}

/* The connection has type and code in place of ports, so that the service follows from them. */
static void icmp_send(struct session *s, const struct endpoint *from, const struct endpoint *to,
                      uint8_t *message, size_t len)
{
    struct endpoint a = *from, b = *to;
    uint8_t proto = from->family == 4 ? PROTO_ICMP : PROTO_ICMP6;

    a.port = message[0];
    b.port = message[1];
    struct conn *c = session_conn(s, proto, &a, &b);
    (void)frame_put16(message + 2, proto == PROTO_ICMP ? plain_checksum(message, len)
                                                       : checksum(from, to, proto, message, len));
    c->truth.land = 0; /* only TCP has it */
    c->truth.bytes[ORIG] = len;
    send_whole(s, c, ORIG, message, len);
}

void icmp_echo(struct session *s, const struct endpoint *from, const struct endpoint *to,
               uint8_t type, uint32_t id_seq, size_t len)
{
    uint8_t message[8 + DATAGRAM_MAX];

    gad_assert(len <= DATAGRAM_MAX);
    if (from->family == 6)
        type = type == ECHO_REQUEST ? 128 : 129; /* RFC 4443 section 4 */
    uint8_t *p = icmp_header(message, type, 0, id_seq);
    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)(i < 8 ? id_seq >> (i % 4 * 8) : i + 8); /* ascending, as ping(8) does */
    icmp_send(s, from, to, message, 8 + len);
}

void icmp_error(struct session *s, const struct endpoint *from, const struct endpoint *to,
                uint8_t type, uint8_t code, const struct endpoint *about, uint8_t proto,
                const uint8_t *p, size_t len)
{
    uint8_t message[8 + 20 + 1200];

    gad_assert(from->family == 4 && len <= 1200);
    uint8_t *at = icmp_header(message, type, code, 0);
    at += ipv4(at, to, about, proto, (uint16_t)gad_rng_u64(&s->rng), 0, len);
    memcpy(at, p, len);
    icmp_send(s, from, to, message, 28 + len);
}
