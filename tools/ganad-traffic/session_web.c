/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-traffic/sessions.h"

#include <stdio.h>

#include "tools/ganad-traffic/draw.h"
#include "tools/ganad-traffic/tcp_script.h"
#include "tools/ganad-traffic/world.h"

/* Web: pages over port 80, binary records over 443, and a port that KDD99 has no name for. */

static const char *const folders[] = {"news", "docs", "images", "archive", "shop", "research"};
static const char *const agents[] = {
    "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36",
    "curl/7.88.1", "Wget/1.21.3"};
static const uint32_t page_bytes[DRAW_QUANTILES] = {120,  300,  700,   1500,  3000,
                                                    5500, 9000, 20000, 160000};

/* In one of 16 connections the network is bad. */
static void maybe_noise(struct session *s, struct conn *c)
{
    if (draw_chance(&s->rng, 1, 16))
        c->noise = (struct noise){.again = 400, .lost = 900, .swapped = 700};
}

static void request(struct session *s, struct conn *c, const char *method, uint32_t length)
{
    uint32_t n = gad_rng_below(&s->rng, 20000), host = gad_rng_below(&s->rng, 400);
    const char *folder = draw_pick(&s->rng, folders), *agent = draw_pick(&s->rng, agents);
    char body[48] = "";

    if (length)
        (void)snprintf(body, sizeof(body), "Content-Length: %u\r\n", length);
    tcp_say(
        s, c, ORIG,
        "%s /%s/%u.html HTTP/1.1\r\nHost: www%u.example.com\r\nUser-Agent: %s\r\nAccept: */*\r\n"
        "%sConnection: keep-alive\r\n\r\n",
        method, folder, n, host, agent, body);
    if (length)
        tcp_send(s, c, ORIG, "", 0, length, TCP_TEXT);
}

static void response(struct session *s, struct conn *c)
{
    uint32_t bytes = draw_quantile(&s->rng, page_bytes), x = gad_rng_below(&s->rng, 100);
    char head[300];

    session_think(s, 8000);
    if (x < 12) {
        tcp_say(s, c, RESP, "HTTP/1.1 304 Not Modified\r\nServer: Apache\r\n\r\n");
        return;
    }
    int n = snprintf(
        head, sizeof(head),
        "HTTP/1.1 %s\r\nServer: Apache\r\nContent-Type: %s\r\nContent-Length: %u\r\n\r\n",
        x < 14 ? "301 Moved Permanently" : "200 OK", x < 60 ? "text/html" : "image/png", bytes);
    tcp_send(s, c, RESP, head, (size_t)n, bytes, x < 60 ? TCP_TEXT : TCP_BINARY);
}

static void browse(struct session *s, uint16_t port)
{
    struct endpoint client, server;
    uint32_t n = 1 + (uint32_t)draw_exp(&s->rng, 2);

    world_pair(s, port, WORLD_ANY_FAMILY, &client, &server);
    struct conn *c = tcp_open(s, &client, &server);
    maybe_noise(s, c);
    for (uint32_t i = 0; i < n && i < 20; i++) {
        if (i > 0)
            session_think(s, draw_chance(&s->rng, 1, 6) ? 8000000 : 60000);
        bool post = draw_chance(&s->rng, 1, 14);
        request(s, c, post ? "POST" : "GET", post ? draw_between(&s->rng, 20, 6000) : 0);
        response(s, c);
    }
    tcp_close(s, c, draw_chance(&s->rng, 1, 2) ? ORIG : RESP);
}

void session_http(struct session *s)
{
    browse(s, 80);
}

void session_proxy(struct session *s)
{
    browse(s, 8080);
}

/* A TLS record (RFC 8446 section 5.1): its type, and binary filler. */
static void record(struct session *s, struct conn *c, enum side from, uint8_t type, uint32_t bytes)
{
    const uint8_t head[5] = {type, 3, 3, (uint8_t)(bytes >> 8), (uint8_t)bytes};
    tcp_send(s, c, from, head, sizeof(head), bytes, TCP_BINARY);
}

void session_https(struct session *s)
{
    enum { CHANGE = 20, ALERT = 21, HANDSHAKE = 22, DATA = 23, RECORD_MAX = 16384 };
    struct endpoint client, server;
    uint32_t n = 1 + (uint32_t)draw_exp(&s->rng, 3);

    world_pair(s, 443, WORLD_ANY_FAMILY, &client, &server);
    struct conn *c = tcp_open(s, &client, &server);
    maybe_noise(s, c);
    record(s, c, ORIG, HANDSHAKE, draw_between(&s->rng, 240, 600));
    record(s, c, RESP, HANDSHAKE, draw_between(&s->rng, 90, 130));
    record(s, c, RESP, DATA, draw_between(&s->rng, 2000, 4500));
    record(s, c, ORIG, CHANGE, 1);
    record(s, c, ORIG, DATA, 53);
    for (uint32_t i = 0; i < n && i < 20; i++) {
        record(s, c, ORIG, DATA, draw_between(&s->rng, 120, 900));
        session_think(s, 10000);
        uint32_t bytes = draw_quantile(&s->rng, page_bytes);
        for (uint32_t done = 0; done < bytes; done += RECORD_MAX)
            record(s, c, RESP, DATA, bytes - done < RECORD_MAX ? bytes - done : RECORD_MAX);
        session_think(s, draw_chance(&s->rng, 1, 6) ? 5000000 : 80000);
    }
    record(s, c, ORIG, ALERT, 19);
    tcp_close(s, c, ORIG);
}
