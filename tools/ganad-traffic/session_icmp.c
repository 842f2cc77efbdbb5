/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-traffic/sessions.h"

#include "tools/ganad-traffic/datagram.h"
#include "tools/ganad-traffic/draw.h"
#include "tools/ganad-traffic/tcp_script.h"
#include "tools/ganad-traffic/world.h"

/* ICMP in its normal uses. Each message is a connection by itself. */

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

/* A datagram to a port where nobody listens; KDD99's urp_i of 183 bytes quotes one of 147 with its header. */
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

/* A router answers for a host that is not there, or for one too far. */
static void no_host(struct session *s, uint8_t type, uint8_t code)
{
    struct endpoint client, router, nobody;
    const uint8_t quoted[8] = {0};

    world_pair(s, 9, WORLD_IPV4, &client, &router);
    world_nobody(s, &nobody);
    icmp_error(s, &router, &client, type, code, &nobody, PROTO_TCP, quoted, sizeof(quoted));
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
