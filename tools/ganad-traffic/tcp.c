/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-traffic/tcp.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tools/ganad-traffic/draw.h"
#include "tools/ganad-traffic/frame.h"

enum { DELAYED_ACK = 40000, WINDOW_FIRST = 4, WINDOW_MAX = 44 }; /* us, segments */

struct conn *tcp_new(struct session *s, const struct endpoint *orig, const struct endpoint *resp)
{
    static const uint8_t systems[] = {TCP_OS_TIMESTAMPS, TCP_OS_TIMESTAMPS, TCP_OS_PLAIN,
                                      TCP_OS_PLAIN, TCP_OS_OLD};
    struct conn *c = session_conn(s, PROTO_TCP, orig, resp);

    c->os = draw_pick(&s->rng, systems);
    c->mss = (uint16_t)((orig->family == 4 ? 1460 : 1440) - frame_option_len(c->os, 0));
    c->gap = draw_between(&s->rng, 12, 120);
    for (int i = 0; i < 2; i++) {
        c->seq[i] = c->rcv[other((enum side)i)] = (uint32_t)gad_rng_u64(&s->rng);
        c->clock[i] = (uint32_t)gad_rng_u64(&s->rng);
        c->window[i] = WINDOW_FIRST;
    }
    return c;
}

/* A segment of the stream at time t: takes its numbers from the connection and advances them. */
static struct packet *segment(struct session *s, struct conn *c, enum side from, int64_t t,
                              uint8_t flags, uint32_t len)
{
    struct packet *p = session_packet(s, c, from, t);

    p->seq = c->seq[from];
    p->ack = c->rcv[from];
    p->flags = flags;
    c->seq[from] += len + (flags & TCP_SYN ? 1 : 0) + (flags & TCP_FIN ? 1 : 0);
    if (flags & TCP_ACK)
        c->ack_due[from] = 0;
    return p;
}

/* A segment without data, at the time of the session. */
static struct packet *bare(struct session *s, struct conn *c, enum side from, uint8_t flags)
{
    struct packet *p = segment(s, c, from, s->now, flags, 0);

    c->last = from;
    c->rcv[other(from)] = c->seq[from];
    return p;
}

/* Sends acknowledgements that are due before t. */
static void settle(struct session *s, struct conn *c, int64_t t)
{
    for (int i = 0; i < 2; i++)
        if (c->ack_due[i] && c->ack_due[i] < t)
            (void)segment(s, c, (enum side)i, c->ack_due[i], TCP_ACK, 0);
}

static void settle_all(struct session *s, struct conn *c)
{
    for (int i = 0; i < 2; i++)
        if (c->ack_due[i] > s->now)
            s->now = c->ack_due[i];
    settle(s, c, INT64_MAX);
}

/* The side that did not speak last is seen only after the last segment reached it and its answer
 * came back. */
static void take_turn(struct session *s, struct conn *c, enum side from)
{
    if (c->last != from)
        s->now += c->end[from].delay + (int64_t)draw_exp(&s->rng, 300);
    c->last = from;
    settle(s, c, s->now);
}

struct conn *tcp_open(struct session *s, const struct endpoint *orig, const struct endpoint *resp)
{
    struct conn *c = tcp_new(s, orig, resp);

    (void)bare(s, c, ORIG, TCP_SYN);
    s->now += c->end[RESP].delay;
    (void)bare(s, c, RESP, TCP_SYN | TCP_ACK);
    s->now += c->end[ORIG].delay;
    (void)bare(s, c, ORIG, TCP_ACK);
    return c;
}

/* A burst in transit: what remains to be sent, and what the receiver still lacks. */
struct burst {
    uint32_t text_at, fill_at;
    size_t text, fill; /* bytes left of each */
    uint8_t bits;
    uint32_t in_flight, unacked; /* segments */
    uint32_t hole;               /* the receiver acknowledges nothing beyond this number ... */
    int64_t hole_until;          /* ... before this time */
    int64_t end;                 /* time of the last packet of data */
};

static struct packet *data_segment(struct session *s, struct conn *c, enum side from,
                                   struct burst *b, int64_t t)
{
    size_t text = b->text < c->mss ? b->text : c->mss;
    size_t room = c->mss - text, fill = b->fill < room ? b->fill : room;
    bool last = text + fill == b->text + b->fill;
    struct packet *p =
        segment(s, c, from, t, (uint8_t)(TCP_ACK | (last ? TCP_PSH : 0)), (uint32_t)(text + fill));

    p->text_at = b->text_at;
    p->fill_at = b->fill_at;
    p->text_len = (uint16_t)text;
    p->fill_len = (uint16_t)fill;
    p->bits |= b->bits;
    b->text_at += (uint32_t)text;
    b->fill_at += (uint32_t)fill;
    b->text -= text;
    b->fill -= fill;
    return p;
}

enum accident { ACCIDENT_AGAIN, ACCIDENT_LOST, ACCIDENT_SWAPPED, ACCIDENT_UNSEEN, N_ACCIDENTS };

/* N_ACCIDENTS: no accident. */
static enum accident draw_accident(struct session *s, const struct noise *n)
{
    const uint16_t chance[N_ACCIDENTS] = {n->again, n->lost, n->swapped, n->unseen};
    uint32_t x = gad_rng_below(&s->rng, 65536);
    int which = 0;

    while (which < N_ACCIDENTS && x >= chance[which])
        x -= chance[which++];
    return (enum accident)which;
}

static void repeat(struct session *s, struct conn *c, enum side from, struct packet copy, int64_t t)
{
    copy.time = t;
    *session_packet(s, c, from, t) = copy;
}

/* The sender retransmits after a round trip; until then the receiver acknowledges nothing beyond
 * the segment. */
static void lose(struct session *s, struct conn *c, enum side from, struct burst *b,
                 struct packet *p, int64_t t)
{
    int64_t again = t + c->end[ORIG].delay + c->end[RESP].delay + INT64_C(4) * c->gap;

    b->hole = p->seq;
    b->hole_until = again + c->end[other(from)].delay;
    if (draw_chance(&s->rng, 1, 2))
        p->time = again; /* lost before the tap: seen once, late */
    else
        repeat(s, c, from, *p, again); /* lost after the tap: seen twice */
}

/* Applies an accident to the newest segment, sent at t. */
static void accident(struct session *s, struct conn *c, enum side from, struct burst *b,
                     struct packet *p, int64_t t)
{
    switch (draw_accident(s, &c->noise)) {
    case ACCIDENT_AGAIN:
        repeat(s, c, from, *p, t + (int64_t)draw_between(&s->rng, 1, 3) * c->gap);
        break;
    case ACCIDENT_LOST:
        if (t >= b->hole_until) /* one at a time */
            lose(s, c, from, b, p, t);
        break;
    case ACCIDENT_SWAPPED:
        p->time = t + c->gap + c->gap / 2;
        break;
    case ACCIDENT_UNSEEN:
        if (s->n_packets > 1) /* not after memory ran out */
            s->n_packets--;
        return;
    default:
        break;
    }
    int64_t latest = s->n_packets ? s->packet[s->n_packets - 1].time : t;
    b->end = latest > b->end ? latest : b->end;
}

static void acknowledge(struct session *s, struct conn *c, enum side from, struct burst *b,
                        int64_t t)
{
    enum side to = other(from);
    int64_t when = t + c->end[to].delay;
    struct packet *p = segment(s, c, to, when, TCP_ACK, 0);

    if (when < b->hole_until)
        p->ack = b->hole;
}

void tcp_send(struct session *s, struct conn *c, enum side from, const void *text, size_t len,
              size_t fill, enum tcp_filler pool)
{
    enum side to = other(from);
    struct burst b = {.text_at = session_text(s, text, len),
                      .fill_at = (uint32_t)gad_rng_u64(&s->rng) >> 1, /* no wrap */
                      .text = len,
                      .fill = fill,
                      .bits = pool == TCP_BINARY ? PACKET_BINARY : 0};

    take_turn(s, c, from);
    c->truth.bytes[from] += len + fill;
    int64_t t = s->now;
    while (b.text + b.fill > 0) {
        if (b.in_flight ==
            c->window[from]) { /* the first acknowledgement of the window has arrived */
            t += (int64_t)c->end[ORIG].delay + c->end[RESP].delay;
            b.in_flight = 0;
            c->window[from] = c->window[from] < WINDOW_MAX / 2 ? c->window[from] * 2 : WINDOW_MAX;
        }
        struct packet *p = data_segment(s, c, from, &b, t);
        c->rcv[to] = c->seq[from];
        accident(s, c, from, &b, p, t);
        b.in_flight++;
        if (++b.unacked == 2) {
            acknowledge(s, c, from, &b, t);
            b.unacked = 0;
        }
        s->now = t;
        t += c->gap;
    }
    if (b.end > s->now)
        s->now = b.end;
    if (b.unacked)
        c->ack_due[to] = s->now + c->end[to].delay + DELAYED_ACK;
    else if (b.hole_until > s->now) /* delayed by the hole */
        c->ack_due[to] = b.hole_until + c->end[to].delay;
}

void tcp_say(struct session *s, struct conn *c, enum side from, const char *fmt, ...)
{
    char text[1000];
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    gad_assert(n >= 0 && (size_t)n < sizeof(text));
    tcp_send(s, c, from, text, (size_t)n, 0, TCP_TEXT);
}

void tcp_type(struct session *s, struct conn *c, const char *line, bool echo)
{
    for (bool more = true; more; line++) {
        more = *line != '\0';
        const char *key = more ? line : "\r\n";
        size_t len = more ? 1 : 2;
        session_wait(s, draw_between(&s->rng, 60000, 260000));
        tcp_send(s, c, ORIG, key, len, 0, TCP_TEXT);
        if (echo || !more)
            tcp_send(s, c, RESP, key, len, 0, TCP_TEXT);
    }
}

void tcp_urgent(struct session *s, struct conn *c, enum side from, const void *text, size_t len)
{
    struct burst b = {.text_at = session_text(s, text, len), .text = len};

    take_turn(s, c, from);
    struct packet *p = data_segment(s, c, from, &b, s->now);
    p->flags |= TCP_URG;
    c->truth.urgent++;
    c->truth.bytes[from] += len;
    c->rcv[other(from)] = c->seq[from];
    c->ack_due[other(from)] = s->now + c->end[other(from)].delay + DELAYED_ACK;
}

/* --- ends, and connections that never begin; the flags are the connection states of Bro --- */

static void reply_in(struct session *s, struct conn *c, enum side from)
{
    s->now += c->end[from].delay;
}

/* The turn of @from to end the connection. Its pending acknowledgement goes with its last segment;
 * the peer's is sent before. */
static void last_turn(struct session *s, struct conn *c, enum side from)
{
    settle(s, c, s->now);
    if (c->last == from) {
        s->now += c->gap;
    } else {
        reply_in(s, c, from);
        settle(s, c, s->now);
    }
}

void tcp_close(struct session *s, struct conn *c, enum side first)
{
    enum side second = other(first);

    last_turn(s, c, first);
    (void)bare(s, c, first, TCP_FIN | TCP_ACK);
    reply_in(s, c, second);
    if (draw_chance(&s->rng, 1, 2)) { /* its program closes later */
        (void)bare(s, c, second, TCP_ACK);
        s->now += 50 + (int64_t)draw_exp(&s->rng, 2000);
    }
    (void)bare(s, c, second, TCP_FIN | TCP_ACK);
    reply_in(s, c, first);
    (void)bare(s, c, first, TCP_ACK);
    c->truth.flag = "SF";
}

void tcp_half_close(struct session *s, struct conn *c, enum side first)
{
    last_turn(s, c, first);
    (void)bare(s, c, first, TCP_FIN | TCP_ACK);
    reply_in(s, c, other(first));
    (void)bare(s, c, other(first), TCP_ACK);
    c->truth.flag = first == ORIG ? "S2" : "S3";
}

/* Follows all acknowledgements of the last burst, so that no packet comes after the reset. */
void tcp_reset(struct session *s, struct conn *c, enum side from)
{
    settle_all(s, c);
    s->now += 1000 + c->end[other(from)].delay;
    last_turn(s, c, from);
    (void)bare(s, c, from, TCP_RST | TCP_ACK);
    c->truth.flag = from == ORIG ? "RSTO" : "RSTR";
}

void tcp_leave_open(struct session *s, struct conn *c)
{
    settle_all(s, c);
    c->truth.flag = "S1";
}

void tcp_refused(struct session *s, struct conn *c)
{
    (void)bare(s, c, ORIG, TCP_SYN);
    reply_in(s, c, RESP);
    bare(s, c, RESP, TCP_RST | TCP_ACK)->seq = 0;
    c->truth.flag = "REJ";
}

/* Retries after 1 s and 3 s; a tracker gives up an unanswered SYN after 5 s. */
void tcp_unanswered(struct session *s, struct conn *c, int retries)
{
    uint32_t number = c->seq[ORIG];

    for (int i = 0; i <= retries; i++) {
        c->seq[ORIG] = number;
        (void)bare(s, c, ORIG, TCP_SYN);
        if (i < retries)
            session_wait(s, i == 0 ? 1000000 : 2000000);
    }
    c->truth.flag = "S0";
}

void tcp_given_up(struct session *s, struct conn *c, uint8_t flags)
{
    (void)bare(s, c, ORIG, TCP_SYN);
    session_wait(s, draw_between(&s->rng, 500, 50000));
    (void)bare(s, c, ORIG, flags);
    c->truth.flag = flags & TCP_FIN ? "SH" : "RSTOS0";
}

void tcp_keepalive(struct session *s, struct conn *c, enum side from)
{
    bool byte = draw_chance(&s->rng, 1, 2);

    settle_all(s, c);
    struct packet *p = bare(s, c, from, TCP_ACK);
    p->seq--;
    if (byte) {
        p->text_at = session_text(s, "", 1);
        p->text_len = 1;
    }
    reply_in(s, c, other(from));
    (void)bare(s, c, other(from), TCP_ACK);
}
