/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-traffic/tcp_script.h"

#include "tools/ganad-traffic/draw.h"

/* How connections end, or never begin, and which of Bro's states that is. */

static void reply_in(struct session *s, struct conn *c, enum side from)
{
    s->now += c->end[from].delay;
}

/* The turn of @from to end it: what it still owes goes out with its last segment, the peer's is settled first. */
static void last_turn(struct session *s, struct conn *c, enum side from)
{
    tcp_settle(s, c, s->now);
    if (c->last == from) {
        s->now += c->gap;
    } else {
        reply_in(s, c, from);
        tcp_settle(s, c, s->now);
    }
}

void tcp_close(struct session *s, struct conn *c, enum side first)
{
    enum side second = other(first);

    last_turn(s, c, first);
    (void)tcp_bare(s, c, first, TCP_FIN | TCP_ACK);
    reply_in(s, c, second);
    if (draw_chance(&s->rng, 1, 2)) { /* its program has to notice first */
        (void)tcp_bare(s, c, second, TCP_ACK);
        s->now += 50 + (int64_t)draw_exp(&s->rng, 2000);
    }
    (void)tcp_bare(s, c, second, TCP_FIN | TCP_ACK);
    reply_in(s, c, first);
    (void)tcp_bare(s, c, first, TCP_ACK);
    c->truth.flag = "SF";
}

void tcp_half_close(struct session *s, struct conn *c, enum side first)
{
    last_turn(s, c, first);
    (void)tcp_bare(s, c, first, TCP_FIN | TCP_ACK);
    reply_in(s, c, other(first));
    (void)tcp_bare(s, c, other(first), TCP_ACK);
    c->truth.flag = first == ORIG ? "S2" : "S3";
}

/* After whatever its peer acknowledges of the last burst, so that nothing follows it. */
void tcp_reset(struct session *s, struct conn *c, enum side from)
{
    tcp_settle_all(s, c);
    s->now += 1000 + c->end[other(from)].delay;
    last_turn(s, c, from);
    (void)tcp_bare(s, c, from, TCP_RST | TCP_ACK);
    c->truth.flag = from == ORIG ? "RSTO" : "RSTR";
}

void tcp_leave_open(struct session *s, struct conn *c)
{
    tcp_settle_all(s, c);
    c->truth.flag = "S1";
}

void tcp_refused(struct session *s, struct conn *c)
{
    (void)tcp_bare(s, c, ORIG, TCP_SYN);
    reply_in(s, c, RESP);
    tcp_bare(s, c, RESP, TCP_RST | TCP_ACK)->seq = 0;
    c->truth.flag = "REJ";
}

/* Retries after 1 s and 3 s; a tracker gives an unanswered SYN up after 5 s. */
void tcp_unanswered(struct session *s, struct conn *c, int retries)
{
    uint32_t number = c->seq[ORIG];

    for (int i = 0; i <= retries; i++) {
        c->seq[ORIG] = number;
        (void)tcp_bare(s, c, ORIG, TCP_SYN);
        if (i < retries)
            session_wait(s, i == 0 ? 1000000 : 2000000);
    }
    c->truth.flag = "S0";
}

void tcp_given_up(struct session *s, struct conn *c, uint8_t flags)
{
    (void)tcp_bare(s, c, ORIG, TCP_SYN);
    session_wait(s, draw_between(&s->rng, 500, 50000));
    (void)tcp_bare(s, c, ORIG, flags);
    c->truth.flag = flags & TCP_FIN ? "SH" : "RSTOS0";
}

void tcp_keepalive(struct session *s, struct conn *c, enum side from)
{
    bool byte = draw_chance(&s->rng, 1, 2);

    tcp_settle_all(s, c);
    struct packet *p = tcp_bare(s, c, from, TCP_ACK);
    p->seq--;
    if (byte) {
        p->text_at = session_text(s, "", 1);
        p->text_len = 1;
    }
    reply_in(s, c, other(from));
    (void)tcp_bare(s, c, other(from), TCP_ACK);
}
