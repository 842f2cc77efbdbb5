/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-traffic/sessions.h"

#include <string.h>

#include "tools/ganad-traffic/datagram.h"
#include "tools/ganad-traffic/draw.h"
#include "tools/ganad-traffic/frame.h"
#include "tools/ganad-traffic/tcp_script.h"
#include "tools/ganad-traffic/world.h"

/* Names (RFC 1035): a question, and the question again with addresses behind it. */

enum { DNS_A = 1, DNS_AXFR = 252, ANSWER = 16, QUESTION_MAX = 64 };

static const char *const labels[] = {"www", "mail", "ftp", "ns1", "static", "cdn", "login", "news"};

/* Header and one question. Returns its length. */
static size_t question(struct session *s, uint8_t *out, uint16_t type)
{
    static const char domain[] = "\7example\3com";
    const char *label = draw_pick(&s->rng, labels);
    size_t n = strlen(label);
    uint8_t *p = frame_put16(out, gad_rng_below(&s->rng, 65536));

    p = frame_put16(p, 0x0100); /* recursion wanted */
    p = frame_put32(p, 1u << 16);
    p = frame_put32(p, 0);
    *p++ = (uint8_t)n;
    memcpy(p, label, n);
    memcpy(p + n, domain, sizeof(domain)); /* with the root label, which its NUL is */
    p = frame_put16(p + n + sizeof(domain), type);
    return (size_t)(frame_put16(p, 1) - out);
}

static size_t answer(struct session *s, uint8_t *p, size_t len, uint32_t n)
{
    (void)frame_put16(p + 2, n ? 0x8180 : 0x8183); /* no such name */
    (void)frame_put16(p + 6, n);
    p += len;
    for (uint32_t i = 0; i < n; i++) {
        p = frame_put16(p, 0xc00c); /* the name of the question */
        p = frame_put32(p, (uint32_t)DNS_A << 16 | 1);
        p = frame_put32(p, 300);
        p = frame_put16(p, 4);
        p = frame_put32(p, 198u << 24 | 19u << 16 | gad_rng_below(&s->rng, 1024));
    }
    return len + (size_t)n * ANSWER;
}

void session_dns(struct session *s)
{
    struct endpoint client, server;
    uint8_t message[QUESTION_MAX + 8 * ANSWER];

    world_pair(s, 53, WORLD_ANY_FAMILY, &client, &server);
    struct conn *c = udp_new(s, &client, &server);
    size_t len = question(s, message, DNS_A);
    udp_send(s, c, ORIG, message, len, 0);
    if (draw_chance(&s->rng, 1, 40)) { /* lost: asked again */
        session_wait(s, 5000000);
        udp_send(s, c, ORIG, message, len, 0);
    }
    if (draw_chance(&s->rng, 1, 60)) /* nobody answers */
        return;
    udp_turn(s, c, RESP, 5000);
    udp_send(s, c, RESP, message, answer(s, message, len, gad_rng_below(&s->rng, 8)), 0);
}

/* A zone by TCP, each message behind its length. */
void session_dns_tcp(struct session *s)
{
    struct endpoint client, server;
    uint8_t message[2 + QUESTION_MAX];

    world_pair(s, 53, WORLD_ANY_FAMILY, &client, &server);
    struct conn *c = tcp_open(s, &client, &server);
    size_t len = question(s, message + 2, DNS_AXFR);
    (void)frame_put16(message, (uint32_t)len);
    tcp_send(s, c, ORIG, message, 2 + len, 0, TCP_BINARY);
    session_think(s, 3000);
    tcp_send(s, c, RESP, message, 2 + len, draw_between(&s->rng, 600, 30000), TCP_BINARY);
    tcp_close(s, c, ORIG);
}
