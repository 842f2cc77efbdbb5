/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-traffic/datagram.h"

#include <string.h>

#include "tools/ganad-traffic/draw.h"
#include "tools/ganad-traffic/frame.h"
#include "tools/ganad-traffic/world.h"

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
    (void)frame_put16(p, frame_checksum(from, to, PROTO_UDP, datagram, UDP_HEADER + len));
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

/* A whole IP payload: raw in one packet, or in as many fragments as it needs. */
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

/* @type, @code: also what the connection has in place of ports, so that the service follows from them. */
static void icmp_send(struct session *s, const struct endpoint *from, const struct endpoint *to,
                      uint8_t *message, size_t len)
{
    struct endpoint a = *from, b = *to;
    uint8_t proto = from->family == 4 ? PROTO_ICMP : PROTO_ICMP6;

    a.port = message[0];
    b.port = message[1];
    struct conn *c = session_conn(s, proto, &a, &b);
    (void)frame_put16(message + 2, proto == PROTO_ICMP
                                       ? frame_plain_checksum(message, len)
                                       : frame_checksum(from, to, proto, message, len));
    c->truth.land = 0; /* of TCP alone */
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
        p[i] = (uint8_t)(i < 8 ? id_seq >> (i % 4 * 8) : i + 8); /* as ping(8) counts up */
    icmp_send(s, from, to, message, 8 + len);
}

void icmp_error(struct session *s, const struct endpoint *from, const struct endpoint *to,
                uint8_t type, uint8_t code, const struct endpoint *about, uint8_t proto,
                const uint8_t *p, size_t len)
{
    uint8_t message[8 + 20 + 1200];

    gad_assert(from->family == 4 && len <= 1200);
    uint8_t *at = icmp_header(message, type, code, 0);
    at += frame_ipv4(at, to, about, proto, (uint16_t)gad_rng_u64(&s->rng), 0, len);
    memcpy(at, p, len);
    icmp_send(s, from, to, message, 28 + len);
}
