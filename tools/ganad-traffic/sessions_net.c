/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-traffic/sessions.h"

#include <string.h>

#include "tools/ganad-traffic/draw.h"
#include "tools/ganad-traffic/frame.h"
#include "tools/ganad-traffic/tcp.h"
#include "tools/ganad-traffic/world.h"

/* --- names (RFC 1035): a question, and the question with addresses as the answer --- */

enum { DNS_A = 1, DNS_AXFR = 252, ANSWER = 16, QUESTION_MAX = 64 };

static const char *const labels[] = {"www", "mail", "ftp", "ns1", "static", "cdn", "login", "news"};

/* Header and one question. Returns its length. */
static size_t question(struct session *s, uint8_t *out, uint16_t type)
{
    static const char domain[] = "\7example\3com";
    const char *label = draw_pick(&s->rng, labels);
    size_t n = strlen(label);
    uint8_t *p = frame_put16(out, gad_rng_below(&s->rng, 65536));

    p = frame_put16(p, 0x0100); /* recursion desired */
    p = frame_put32(p, 1u << 16);
    p = frame_put32(p, 0);
    *p++ = (uint8_t)n;
    memcpy(p, label, n);
    memcpy(p + n, domain, sizeof(domain)); /* its NUL is the root label */
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
    if (draw_chance(&s->rng, 1, 40)) { /* lost: the client asks again */
        session_wait(s, 5000000);
        udp_send(s, c, ORIG, message, len, 0);
    }
    if (draw_chance(&s->rng, 1, 60)) /* no answer */
        return;
    udp_turn(s, c, RESP, 5000);
    udp_send(s, c, RESP, message, answer(s, message, len, gad_rng_below(&s->rng, 8)), 0);
}

/* A zone by TCP; each message follows its length. */
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

/* --- services by UDP --- */

/* RFC 5905: 48 bytes each way. The poll after 64 s is a new exchange, because UDP
 * is idle after 60 s. */
void session_ntp(struct session *s)
{
    static const uint8_t ask[4] = {0x23, 0, 6, 0xec}, answer[4] = {0x24, 2, 6, 0xec};
    struct endpoint client, server;

    world_pair(s, 123, WORLD_ANY_FAMILY, &client, &server);
    for (uint32_t n = draw_between(&s->rng, 1, 2); n > 0; n--) {
        struct conn *c = udp_new(s, &client, &server);
        udp_send(s, c, ORIG, ask, sizeof(ask), 44);
        if (!draw_chance(&s->rng, 1, 12)) {
            udp_turn(s, c, RESP, 100);
            udp_send(s, c, RESP, answer, sizeof(answer), 44);
        }
        session_wait(s, 64000000 + draw_between(&s->rng, 0, 900000));
    }
}

/* A manager polls an agent. KDD99: 105 bytes, 146 bytes in return, service private. */
void session_snmp(struct session *s)
{
    static const uint8_t head[] = {0x30, 0x67, 2, 1, 0, 4, 6, 'p', 'u', 'b', 'l', 'i', 'c', 0xa0};
    struct endpoint client, server;

    world_pair(s, 161, WORLD_IPV4, &client, &server);
    struct conn *c = udp_new(s, &client, &server);
    for (uint32_t n = draw_between(&s->rng, 1, 3); n > 0; n--) {
        udp_send(s, c, ORIG, head, sizeof(head), 105 - sizeof(head));
        if (!draw_chance(&s->rng, 1, 20)) {
            udp_turn(s, c, RESP, 2000);
            udp_send(s, c, RESP, head, sizeof(head), 146 - sizeof(head));
        }
        session_wait(s, 200000);
    }
}

/* Blocks of a file by UDP, larger than a frame. */
void session_nfs(struct session *s)
{
    struct endpoint client, server;

    world_pair(s, 2049, WORLD_IPV4, &client, &server);
    struct conn *c = udp_new(s, &client, &server);
    for (uint32_t n = draw_between(&s->rng, 1, 6); n > 0; n--) {
        udp_send(s, c, ORIG, "", 0, 116);
        udp_turn(s, c, RESP, 3000);
        udp_send(s, c, RESP, "", 0,
                 draw_chance(&s->rng, 1, 2) ? 8316 : draw_between(&s->rng, 100, 4200));
        session_wait(s, draw_between(&s->rng, 1000, 40000));
    }
}

/* --- ICMP in its normal uses: each message is a connection of its own --- */

enum { ECHO_REPLY = 0, UNREACHABLE = 3, ECHO = 8, TIME_EXCEEDED = 11, HOST = 1, PORT = 3 };

void session_ping(struct session *s)
{
    static const uint32_t sizes[] = {56, 56, 56, 56, 32, 32, 64, 1472, 4000};
    struct endpoint from, to;

    world_pair(s, 7, WORLD_ANY_FAMILY, &from, &to);
    uint32_t len = draw_pick(&s->rng, sizes), id = gad_rng_below(&s->rng, 65536) << 16;
    if (from.family == 6 && len > 1000)
        len = 56;
    for (uint32_t n = draw_between(&s->rng, 1, 5), i = 0; i < n; i++) {
        int64_t asked = s->now;
        icmp_echo(s, &from, &to, ECHO, id | i, len);
        if (!draw_chance(&s->rng, 1, 15)) {
            s->now += to.delay + from.delay;
            icmp_echo(s, &to, &from, ECHO_REPLY, id | i, len);
        }
        s->now = asked + 1000000;
    }
}

/* A datagram to a closed port. KDD99's urp_i of 183 bytes quotes a datagram of 147 bytes with its
 * headers. */
static void closed_port(struct session *s)
{
    struct endpoint client, server;
    uint8_t datagram[UDP_HEADER + 1000] = {0};
    size_t len = draw_chance(&s->rng, 1, 2) ? 147 : draw_between(&s->rng, 4, 1000);

    world_pair(s, (uint16_t)draw_between(&s->rng, 33434, 33600), WORLD_IPV4, &client, &server);
    struct conn *c = udp_new(s, &client, &server);
    udp_send(s, c, ORIG, datagram + UDP_HEADER, len, 0);
    udp_turn(s, c, RESP, 50);
    udp_build(datagram, &client, &server, len);
    icmp_error(s, &server, &client, UNREACHABLE, PORT, &server, PROTO_UDP, datagram,
               UDP_HEADER + len);
}

/* A router answers for a host that does not exist, or for one beyond the TTL. */
static void no_host(struct session *s, uint8_t type, uint8_t code)
{
    struct endpoint client, router, absent;
    const uint8_t quoted[8] = {0};

    world_pair(s, 9, WORLD_IPV4, &client, &router);
    world_unused(s, &absent);
    icmp_error(s, &router, &client, type, code, &absent, PROTO_TCP, quoted, sizeof(quoted));
}

void session_unreachable(struct session *s)
{
    uint32_t x = gad_rng_below(&s->rng, 10);

    if (x < 6)
        closed_port(s);
    else if (x < 9)
        no_host(s, UNREACHABLE, HOST);
    else
        no_host(s, TIME_EXCEEDED, 0);
}

/* --- everyday failures, without an attack --- */

/* The gaps between packets avoid the timers at which trackers end a connection: 3 s of an
 * unanswered SYN, 5 s after an end, 300 s of silence. */

static const uint16_t ports[] = {80, 80, 443, 25, 22, 143, 3306, 8080, 5432, 119};

static void any_pair(struct session *s, struct endpoint *client, struct endpoint *server)
{
    world_pair(s, draw_pick(&s->rng, ports), WORLD_ANY_FAMILY, client, server);
}

/* A question and sometimes an answer, of random bytes. */
static struct conn *talk(struct session *s)
{
    struct endpoint client, server;

    any_pair(s, &client, &server);
    struct conn *c = tcp_open(s, &client, &server);
    tcp_send(s, c, ORIG, "", 0, draw_between(&s->rng, 20, 900), TCP_BINARY);
    if (draw_chance(&s->rng, 3, 4))
        tcp_send(s, c, RESP, "", 0, draw_between(&s->rng, 1, 9000), TCP_BINARY);
    return c;
}

void session_refused(struct session *s)
{
    struct endpoint client, server;

    any_pair(s, &client, &server);
    tcp_refused(s, tcp_new(s, &client, &server));
}

void session_dead(struct session *s)
{
    struct endpoint client, server;

    any_pair(s, &client, &server);
    if (client.family == 4) {
        uint16_t port = server.port;
        world_unused(s, &server);
        server.port = port;
    }
    struct conn *c = tcp_new(s, &client, &server);
    tcp_unanswered(s, c, (int)gad_rng_below(&s->rng, 3));
}

void session_reset(struct session *s)
{
    struct conn *c = talk(s);

    tcp_reset(s, c, draw_chance(&s->rng, 1, 2) ? ORIG : RESP);
}

void session_half_closed(struct session *s)
{
    struct conn *c = talk(s);

    tcp_half_close(s, c, draw_chance(&s->rng, 2, 3) ? ORIG : RESP);
}

void session_left_open(struct session *s)
{
    tcp_leave_open(s, talk(s));
}

/* A long silence with a probe every 75 s. */
void session_keepalive(struct session *s)
{
    struct conn *c = talk(s);

    for (uint32_t n = draw_between(&s->rng, 1, 8); n > 0; n--) {
        session_wait(s, 75000000);
        tcp_keepalive(s, c, draw_chance(&s->rng, 1, 2) ? ORIG : RESP);
    }
    session_wait(s, 2000000);
    tcp_send(s, c, ORIG, "", 0, 64, TCP_BINARY);
    tcp_close(s, c, ORIG);
}

/* The same ports again after trackers deleted the first connection. */
void session_reuse(struct session *s)
{
    struct conn *c = talk(s);
    struct endpoint client = c->end[ORIG], server = c->end[RESP];

    tcp_close(s, c, ORIG);
    session_wait(s, draw_between(&s->rng, 8000000, 40000000));
    c = tcp_open(s, &client, &server);
    tcp_send(s, c, ORIG, "", 0, 200, TCP_BINARY);
    tcp_close(s, c, RESP);
}

/* A capture and a network that lose packets. */
void session_lossy(struct session *s)
{
    struct conn *c = talk(s);

    c->noise = (struct noise){.again = 1500, .lost = 3000, .swapped = 2500, .unseen = 1500};
    tcp_send(s, c, RESP, "", 0, draw_between(&s->rng, 20000, 300000), TCP_BINARY);
    tcp_close(s, c, ORIG);
}

/* A connection that started before the capture. The KDD99 rows have no bytes with OTH. */
void session_middle(struct session *s)
{
    struct endpoint client, server;

    any_pair(s, &client, &server);
    struct conn *c = tcp_new(s, &client, &server);
    c->last = ORIG;
    for (uint32_t n = draw_between(&s->rng, 1, 4); n > 0; n--) {
        tcp_send(s, c, ORIG, "", 0, draw_between(&s->rng, 20, 400), TCP_BINARY);
        tcp_send(s, c, RESP, "", 0, draw_between(&s->rng, 20, 2000), TCP_BINARY);
    }
    tcp_leave_open(s, c);
    c->truth.flag = "OTH";
    c->truth.bytes[ORIG] = c->truth.bytes[RESP] = 0;
    c->truth.content[TRUTH_LOGGED_IN] = 0;
}
