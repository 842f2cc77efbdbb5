/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-traffic/sessions.h"

#include "tools/ganad-traffic/draw.h"
#include "tools/ganad-traffic/tcp_script.h"
#include "tools/ganad-traffic/users.h"
#include "tools/ganad-traffic/world.h"

/* Mail: sent by SMTP (RFC 5321), fetched by POP3 (RFC 1939) and IMAP (RFC 3501). */

static const uint32_t mail_bytes[DRAW_QUANTILES] = {200,  500,  800,   1200,  1900,
                                                    3200, 6000, 15000, 120000};

static void hand_over(struct session *s, struct conn *c, uint32_t bytes)
{
    tcp_say(s, c, ORIG, "MAIL FROM:<%s@example.org>\r\n", user_any(&s->rng)->name);
    tcp_say(s, c, RESP, "250 2.1.0 Ok\r\n");
    for (uint32_t n = draw_between(&s->rng, 1, 3); n > 0; n--) {
        tcp_say(s, c, ORIG, "RCPT TO:<%s@example.com>\r\n", user_any(&s->rng)->name);
        tcp_say(s, c, RESP, "250 2.1.5 Ok\r\n");
    }
    tcp_say(s, c, ORIG, "DATA\r\n");
    tcp_say(s, c, RESP, "354 End data with <CR><LF>.<CR><LF>\r\n");
    const char *name = user_any(&s->rng)->name;
    tcp_say(s, c, ORIG, "From: <%s@example.org>\r\nSubject: %08x\r\n\r\n", name,
            gad_rng_below(&s->rng, UINT32_MAX));
    tcp_send(s, c, ORIG, "", 0, bytes, TCP_TEXT);
    tcp_say(s, c, ORIG, "\r\n.\r\n");
    session_think(s, 20000);
    tcp_say(s, c, RESP, "250 2.0.0 Ok: queued as %08X\r\n", gad_rng_below(&s->rng, UINT32_MAX));
}

void session_smtp(struct session *s)
{
    struct endpoint client, server;

    world_pair(s, 25, WORLD_ANY_FAMILY, &client, &server);
    struct conn *c = tcp_open(s, &client, &server);
    if (draw_chance(&s->rng, 1, 20))
        c->noise = (struct noise){.again = 300, .lost = 600, .swapped = 500};
    session_think(s, 15000);
    tcp_say(s, c, RESP, "220 mail.example.com ESMTP\r\n");
    tcp_say(s, c, ORIG, "EHLO relay%u.example.org\r\n", gad_rng_below(&s->rng, 50));
    tcp_say(s, c, RESP, "250-mail.example.com\r\n250-PIPELINING\r\n250 SIZE 10240000\r\n");
    for (uint32_t n = 1 + gad_rng_below(&s->rng, 2); n > 0; n--)
        hand_over(s, c, draw_quantile(&s->rng, mail_bytes));
    tcp_say(s, c, ORIG, "QUIT\r\n");
    tcp_say(s, c, RESP, "221 2.0.0 Bye\r\n");
    tcp_close(s, c, RESP);
}

void attack_mailbomb(struct session *s, struct campaign *a)
{
    if (a->step == 0)
        world_inside_server(s, 25, &a->victim);
    a->attacker.port = world_port(s->world, &a->attacker);
    struct conn *c = tcp_open(s, &a->attacker, &a->victim);
    tcp_say(s, c, RESP, "220 mail.example.com ESMTP\r\n");
    tcp_say(s, c, ORIG, "HELO example.org\r\n");
    tcp_say(s, c, RESP, "250 mail.example.com\r\n");
    hand_over(s, c, 1100 + a->mood % 200); /* the same mail over and over */
    tcp_say(s, c, ORIG, "QUIT\r\n");
    tcp_say(s, c, RESP, "221 2.0.0 Bye\r\n");
    tcp_close(s, c, RESP);
}

void session_pop3(struct session *s)
{
    struct endpoint client, server;
    bool wrong = draw_chance(&s->rng, 1, 12);
    uint32_t n = gad_rng_below(&s->rng, 5);

    world_pair(s, 110, WORLD_IPV4, &client, &server);
    struct conn *c = tcp_open(s, &client, &server);
    const struct user *u = user_any(&s->rng);
    tcp_say(s, c, RESP, "+OK POP3 server ready\r\n");
    tcp_say(s, c, ORIG, "USER %s\r\n", u->name);
    tcp_say(s, c, RESP, "+OK\r\n");
    tcp_say(s, c, ORIG, "PASS %s\r\n", wrong ? "letmein" : u->password);
    session_think(s, 30000);
    tcp_say(s, c, RESP, wrong ? "-ERR [AUTH] Authentication failed\r\n" : "+OK %u messages\r\n", n);
    c->truth.content[TRUTH_FAILED_LOGINS] = wrong;
    c->truth.content[TRUTH_LOGGED_IN] = !wrong;
    for (uint32_t i = 1; !wrong && i <= n; i++) {
        tcp_say(s, c, ORIG, "RETR %u\r\n", i);
        tcp_say(s, c, RESP, "+OK message follows\r\n");
        tcp_send(s, c, RESP, "", 0, draw_quantile(&s->rng, mail_bytes), TCP_TEXT);
        tcp_say(s, c, RESP, "\r\n.\r\n");
    }
    tcp_say(s, c, ORIG, "QUIT\r\n");
    tcp_say(s, c, RESP, "+OK Bye\r\n");
    tcp_close(s, c, RESP);
}

void session_imap(struct session *s)
{
    struct endpoint client, server;
    const struct user *u = user_any(&s->rng);

    world_pair(s, 143, WORLD_ANY_FAMILY, &client, &server);
    struct conn *c = tcp_open(s, &client, &server);
    tcp_say(s, c, RESP, "* OK IMAP4rev1 ready\r\n");
    tcp_say(s, c, ORIG, "a1 LOGIN %s %s\r\n", u->name, u->password);
    tcp_say(s, c, RESP, "a1 OK LOGIN completed\r\n");
    tcp_say(s, c, ORIG, "a2 SELECT INBOX\r\n");
    tcp_say(s, c, RESP, "* %u EXISTS\r\n* 0 RECENT\r\na2 OK [READ-WRITE] SELECT completed\r\n",
            gad_rng_below(&s->rng, 500));
    for (uint32_t n = gad_rng_below(&s->rng, 6), i = 3; n > 0; n--, i++) {
        uint32_t bytes = draw_quantile(&s->rng, mail_bytes);
        session_think(s, 3000000);
        tcp_say(s, c, ORIG, "a%u FETCH %u BODY[]\r\n", i, 1 + gad_rng_below(&s->rng, 500));
        tcp_say(s, c, RESP, "* 1 FETCH (BODY[] {%u}\r\n", bytes);
        tcp_send(s, c, RESP, "", 0, bytes, TCP_TEXT);
        tcp_say(s, c, RESP, ")\r\na%u OK FETCH completed\r\n", i);
    }
    tcp_say(s, c, ORIG, "a99 LOGOUT\r\n");
    tcp_say(s, c, RESP, "* BYE\r\na99 OK LOGOUT completed\r\n");
    tcp_close(s, c, RESP);
}
