/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-traffic/sessions.h"

#include "tools/ganad-traffic/draw.h"
#include "tools/ganad-traffic/tcp_script.h"
#include "tools/ganad-traffic/world.h"

/* What goes wrong every day without any attack. Of times between packets only those are used that no tracker's
 * timers cut a connection at: 3 s of an unanswered SYN, 5 s after an end, 300 s of silence. */

static const uint16_t ports[] = {80, 80, 443, 25, 22, 143, 3306, 8080, 5432, 119};

static void any_pair(struct session *s, struct endpoint *client, struct endpoint *server)
{
    world_pair(s, draw_pick(&s->rng, ports), WORLD_ANY_FAMILY, client, server);
}

/* A question and perhaps an answer, in bytes that mean nothing. */
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
        world_nobody(s, &server);
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

/* Hours of nothing, and a probe every 75 s that there is still somebody. */
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

/* The same ports again once the first connection is forgotten. */
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

/* A capture that loses packets, and a network that does. */
void session_lossy(struct session *s)
{
    struct conn *c = talk(s);

    c->noise = (struct noise){.again = 1500, .lost = 3000, .swapped = 2500, .unseen = 1500};
    tcp_send(s, c, RESP, "", 0, draw_between(&s->rng, 20000, 300000), TCP_BINARY);
    tcp_close(s, c, ORIG);
}

/* Begun before the capture was. The KDD99 rows have no bytes with OTH. */
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
