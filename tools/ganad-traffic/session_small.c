/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-traffic/sessions.h"

#include <stdio.h>
#include <string.h>

#include "tools/ganad-traffic/datagram.h"
#include "tools/ganad-traffic/draw.h"
#include "tools/ganad-traffic/tcp_script.h"
#include "tools/ganad-traffic/users.h"
#include "tools/ganad-traffic/world.h"

/* Small services: a question and an answer, mostly. */

void session_finger(struct session *s)
{
    struct endpoint client, server;
    const char *name = user_any(&s->rng)->name;
    uint32_t minute = gad_rng_below(&s->rng, 60), line = gad_rng_below(&s->rng, 20);

    world_pair(s, 79, WORLD_IPV4, &client, &server);
    struct conn *c = tcp_open(s, &client, &server);
    tcp_say(s, c, ORIG, "%s\r\n", name);
    session_think(s, 20000);
    tcp_say(s, c, RESP, "Login name: %s\r\nOn since Jun  1 08:%02u on pts/%u\r\nNo Plan.\r\n", name,
            minute, line);
    tcp_close(s, c, RESP);
}

/* RFC 1413: a server asks back who it is that came. */
void session_auth(struct session *s)
{
    struct endpoint client, server;
    uint32_t ours = draw_between(&s->rng, 1024, 60000);

    world_pair(s, 113, WORLD_IPV4, &client, &server);
    struct conn *c = tcp_open(s, &client, &server);
    tcp_say(s, c, ORIG, "%u, 25\r\n", ours);
    tcp_say(s, c, RESP, "%u, 25 : USERID : UNIX : %s\r\n", ours, user_any(&s->rng)->name);
    tcp_close(s, c, ORIG);
}

void session_time(struct session *s)
{
    struct endpoint client, server;
    uint32_t since_1900 = (uint32_t)(s->now / 1000000) + 2208988800u; /* RFC 868 */
    const uint8_t answer[4] = {(uint8_t)(since_1900 >> 24), (uint8_t)(since_1900 >> 16),
                               (uint8_t)(since_1900 >> 8), (uint8_t)since_1900};

    world_pair(s, 37, WORLD_IPV4, &client, &server);
    struct conn *c = tcp_open(s, &client, &server);
    tcp_send(s, c, RESP, answer, sizeof(answer), 0, TCP_TEXT);
    tcp_close(s, c, RESP);
}

void session_irc(struct session *s)
{
    struct endpoint client, server;
    const char *name = user_any(&s->rng)->name;

    world_pair(s, 6667, WORLD_ANY_FAMILY, &client, &server);
    struct conn *c = tcp_open(s, &client, &server);
    tcp_say(s, c, ORIG, "NICK %s\r\nUSER %s 0 * :%s\r\n", name, name, name);
    tcp_say(s, c, RESP, ":irc.example.net 001 %s :Welcome\r\n", name);
    tcp_say(s, c, ORIG, "JOIN #lorem\r\n");
    tcp_send(s, c, RESP, "", 0, draw_between(&s->rng, 100, 1200), TCP_TEXT);
    for (uint32_t n = draw_between(&s->rng, 1, 25); n > 0; n--) {
        session_think(s, 6000000);
        enum side who = draw_chance(&s->rng, 1, 3) ? ORIG : RESP;
        tcp_say(s, c, who, "PRIVMSG #lorem :dolor amet %08x\r\n",
                gad_rng_below(&s->rng, UINT32_MAX));
    }
    tcp_say(s, c, ORIG, "QUIT :bye\r\n");
    tcp_close(s, c, RESP);
}

/* RFC 5905: 48 bytes each way; the poll after 64 s is another exchange, for UDP is idle after 60 s. */
void session_ntp(struct session *s)
{
    static const uint8_t ask[4] = {0x23, 0, 6, 0xec}, tell[4] = {0x24, 2, 6, 0xec};
    struct endpoint client, server;

    world_pair(s, 123, WORLD_ANY_FAMILY, &client, &server);
    for (uint32_t n = draw_between(&s->rng, 1, 2); n > 0; n--) {
        struct conn *c = udp_new(s, &client, &server);
        udp_send(s, c, ORIG, ask, sizeof(ask), 44);
        if (!draw_chance(&s->rng, 1, 12)) {
            udp_turn(s, c, RESP, 100);
            udp_send(s, c, RESP, tell, sizeof(tell), 44);
        }
        session_wait(s, 64000000 + draw_between(&s->rng, 0, 900000));
    }
}

/* A manager polls an agent. KDD99: 105 bytes and 146 back, private. */
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
