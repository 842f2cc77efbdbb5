/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/flow/model.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/flow/traffic.h"
#include "tests/unit/test.h"

enum { FLOWS_MAX = 4096, LARGE = 1048576 };
enum state { INACTIVE, SYN_SENT, SYN_ACK_SENT, PARTIAL, ESTABLISHED, CLOSED, RESET };

struct end {
    enum state state, before;
    int64_t start, last, ack; /* sequence numbers that do not wrap, from the first one on */
    bool fin, did_close;
    uint64_t packets, udp_bytes;
};

struct flow {
    struct gad_tuple tuple; /* of the originator */
    struct end e[2];
    int64_t first, end, finished; /* packet time; finished: -1, or when it was over */
    int64_t due;
    enum { ATTEMPT, OPEN, OVER } wait;
    uint64_t id;
    uint32_t urgent, wrong;
};

struct model {
    struct gad_flow_timeouts timeouts;
    struct flow flows[FLOWS_MAX];
    size_t n;
    uint64_t last_id;
    int64_t now, decided;
};

struct model *model_new(const struct gad_flow_timeouts *timeouts)
{
    struct model *m = test_calloc(1, sizeof(*m));

    m->timeouts = *timeouts;
    return m;
}

void model_free(struct model *m)
{
    test_free(m);
}

static int64_t near(int64_t at, uint32_t seq)
{
    return at + (int32_t)(seq - (uint32_t)at);
}

static uint64_t size_of(const struct end *e)
{
    int64_t n = (e->last > e->ack ? e->last : e->ack) - e->start;

    n = n > 0 ? n - 1 : 0;
    return (uint64_t)(e->fin && n > 0 ? n - 1 : n);
}

static bool one_of(enum state s, enum state x, enum state y)
{
    return s == x || s == y;
}

/* The lines of the reference, from the top. */
static enum gad_conn_state state_of(const struct flow *f)
{
    enum state o = f->e[0].state, r = f->e[1].state;

    if (r == RESET && (one_of(o, SYN_SENT, SYN_ACK_SENT) ||
                       (o == RESET && size_of(&f->e[0]) == 0 && size_of(&f->e[1]) == 0)))
        return GAD_CONN_REJ;
    if (r == RESET)
        return one_of(o, INACTIVE, PARTIAL) ? GAD_CONN_RSTRH : GAD_CONN_RSTR;
    if (o == RESET)
        return one_of(r, INACTIVE, PARTIAL) ? GAD_CONN_RSTOS0 : GAD_CONN_RSTO;
    if (o == CLOSED && r == CLOSED)
        return GAD_CONN_SF;
    if (o == CLOSED)
        return one_of(r, INACTIVE, PARTIAL) ? GAD_CONN_SH : GAD_CONN_S2;
    if (r == CLOSED)
        return one_of(o, INACTIVE, PARTIAL) ? GAD_CONN_SHR : GAD_CONN_S3;
    if (o == SYN_SENT && r == INACTIVE)
        return GAD_CONN_S0;
    return o == ESTABLISHED && r == ESTABLISHED ? GAD_CONN_S1 : GAD_CONN_OTH;
}

static void give(struct model *m, struct gad_conn *c, int64_t decided, gad_conn_fn *fn, void *arg)
{
    m->decided = decided > m->decided ? decided : m->decided;
    c->decided.ns = m->decided;
    fn(arg, c);
}

static void end_flow(struct model *m, size_t i, int64_t decided, gad_conn_fn *fn, void *arg)
{
    static const bool has_bytes[GAD_N_CONN_STATES] = {
        [GAD_CONN_SF] = true, [GAD_CONN_S0] = true,   [GAD_CONN_S1] = true,  [GAD_CONN_S2] = true,
        [GAD_CONN_S3] = true, [GAD_CONN_RSTO] = true, [GAD_CONN_RSTR] = true};
    const struct flow *f = &m->flows[i];
    struct gad_conn c = {.tuple = f->tuple, .start.ns = f->first, .end.ns = f->end};

    c.src_packets = f->e[0].packets;
    c.dst_packets = f->e[1].packets;
    c.urgent = f->urgent;
    c.wrong_fragment = f->wrong;
    if (f->tuple.proto == GAD_IP_UDP) {
        c.duration.ns = f->end - f->first;
        c.src_bytes = f->e[0].udp_bytes;
        c.dst_bytes = f->e[1].udp_bytes;
    } else {
        c.state = state_of(f);
        if (one_of(f->e[0].state, CLOSED, RESET) || one_of(f->e[1].state, CLOSED, RESET))
            c.duration.ns = (f->finished >= 0 ? f->finished : f->end) - f->first;
        c.src_bytes = has_bytes[c.state] ? size_of(&f->e[0]) : 0;
        c.dst_bytes = has_bytes[c.state] ? size_of(&f->e[1]) : 0;
    }
    m->n--;
    memmove(&m->flows[i], &m->flows[i + 1], (m->n - i) * sizeof(m->flows[0]));
    give(m, &c, decided, fn, arg);
}

static size_t first_to_end(const struct model *m)
{
    size_t best = 0;

    for (size_t i = 1; i < m->n; i++) {
        const struct flow *x = &m->flows[i], *y = &m->flows[best];
        if (x->due < y->due || (x->due == y->due && x->end < y->end) ||
            (x->due == y->due && x->end == y->end && x->id < y->id))
            best = i;
    }
    return best;
}

static void set_state(struct end *e, enum state s)
{
    if (e->state != s) {
        e->before = e->state;
        e->state = s;
    }
}

static void init(struct end *e, int64_t start, int64_t last)
{
    e->start = e->ack = start;
    e->last = last;
}

static void acknowledge(struct end *peer, const struct gad_packet *p)
{
    int64_t ack = near(peer->ack, p->ack);

    if (peer->state == INACTIVE)
        init(peer, (int64_t)p->ack - 1, (int64_t)p->ack - 1);
    else if (!(p->tcp_flags & GAD_TCP_RST) && ack > peer->ack &&
             !(p->ack == 0 && ack - peer->ack > LARGE))
        peer->ack = ack;
}

static void advance(struct end *e, uint32_t last, uint8_t flags)
{
    int64_t to = near(e->last, last);
    bool far = to - e->last > LARGE || to - e->last < -LARGE;

    if ((flags & (GAD_TCP_SYN | GAD_TCP_RST)) && far)
        return;
    if ((flags & GAD_TCP_FIN) && e->last == e->start + 1)
        e->last = e->start + (uint32_t)(last - (uint32_t)e->start);
    else if (e->state != RESET && to > e->last)
        e->last = to;
}

/* 1: the side has ended; 2: a RST after a FIN; 0: neither. */
static int change(struct end *e, struct end *peer, bool is_orig, const struct gad_packet *p,
                  uint32_t last)
{
    bool syn = p->tcp_flags & GAD_TCP_SYN, ack = p->tcp_flags & GAD_TCP_ACK,
         fin = p->tcp_flags & GAD_TCP_FIN, rst = p->tcp_flags & GAD_TCP_RST;
    int64_t len = (int64_t)(uint32_t)(last - p->seq);

    switch (e->state) {
    case INACTIVE:
        if (syn && is_orig)
            set_state(e, ack ? SYN_ACK_SENT : SYN_SENT);
        if (syn && !is_orig && peer->state == SYN_SENT)
            set_state(peer, ESTABLISHED);
        if (syn && !is_orig)
            set_state(e, ESTABLISHED);
        if (fin)
            set_state(e, CLOSED);
        if (rst)
            set_state(e, RESET);
        if (e->state == INACTIVE && !(!is_orig && p->len == 0 && peer->state == SYN_SENT))
            set_state(e, PARTIAL);
        return fin || rst;
    case SYN_SENT:
    case SYN_ACK_SENT:
        if (syn && p->seq != (uint32_t)e->start)
            init(e, p->seq, p->seq + len);
        if (fin)
            set_state(e, CLOSED);
        if (rst)
            set_state(e, RESET);
        return fin || rst;
    case PARTIAL:
    case ESTABLISHED:
        if (syn && !ack && e->state == PARTIAL && peer->state == INACTIVE)
            set_state(e, SYN_SENT);
        if (syn)
            init(e, p->seq, p->seq + len);
        if (fin && !rst) {
            set_state(e, CLOSED);
            if (peer->state == RESET && peer->before == CLOSED)
                set_state(peer, CLOSED);
        }
        if (rst)
            set_state(e, RESET);
        return fin || rst;
    case CLOSED:
        if (!rst || peer->state == CLOSED)
            return 0;
        set_state(e, RESET);
        return 2;
    default:
        if (syn && e->before == INACTIVE)
            init(e, p->seq, p->seq + len);
        return 0;
    }
}

static void wait_for(const struct model *m, struct flow *f, struct gad_time span)
{
    f->wait = OVER;
    f->due = m->now + span.ns;
}

static void tcp(const struct model *m, struct flow *f, int way, const struct gad_packet *p,
                bool is_new)
{
    struct end *e = &f->e[way], *peer = &f->e[1 - way];
    uint8_t flags = p->tcp_flags;
    uint32_t last = p->seq + p->len + ((flags & GAD_TCP_SYN) != 0) + ((flags & GAD_TCP_FIN) != 0);

    if (flags & GAD_TCP_FIN)
        e->fin = true;
    if ((flags & GAD_TCP_RST) && p->len > 0)
        last = p->seq;
    if (flags & GAD_TCP_ACK)
        acknowledge(peer, p);
    if (e->state == INACTIVE) {
        int64_t start = (int64_t)p->seq - (flags & GAD_TCP_SYN ? 0 : 1);
        init(e, start, start + (uint32_t)(last - (uint32_t)start));
    }
    advance(e, last, flags);
    f->urgent += (flags & GAD_TCP_URG) != 0;
    int what = change(e, peer, way == 0, p, last);
    bool attempt = one_of(f->e[0].state, SYN_SENT, SYN_ACK_SENT) && f->e[1].state == INACTIVE;
    if (what == 2) {
        wait_for(m, f, m->timeouts.tcp_reset);
    } else if (what == 1 && !e->did_close) {
        e->did_close = true;
        if (e->state == RESET || peer->did_close || peer->state == INACTIVE) {
            wait_for(m, f, m->timeouts.tcp_close);
            f->finished = f->finished < 0 ? f->end : f->finished;
            return;
        }
        if (e->before == INACTIVE) {
            wait_for(m, f, m->timeouts.tcp_partial_close);
            return;
        }
    }
    if (f->wait == OVER)
        return;
    if (is_new && attempt) {
        f->wait = ATTEMPT;
        f->due = m->now + m->timeouts.tcp_attempt.ns;
    } else if (f->wait == OPEN || !attempt) {
        f->wait = OPEN;
        f->due = m->now + m->timeouts.tcp_idle.ns;
    }
}

static bool same_end(const uint8_t *x, uint16_t x_port, const uint8_t *y, uint16_t y_port)
{
    return memcmp(x, y, 16) == 0 && x_port == y_port;
}

/* 0, 1: p is of f, from the originator or the responder; -1: it is not. */
static int way_in(const struct flow *f, const struct gad_packet *p)
{
    const struct gad_tuple *t = &f->tuple, *u = &p->tuple;

    if (t->proto != u->proto || t->family != u->family)
        return -1;
    if (same_end(t->src, t->src_port, u->src, u->src_port) &&
        same_end(t->dst, t->dst_port, u->dst, u->dst_port))
        return 0;
    return same_end(t->src, t->src_port, u->dst, u->dst_port) &&
                   same_end(t->dst, t->dst_port, u->src, u->src_port)
               ? 1
               : -1;
}

static bool is_reuse(const struct flow *f, const struct gad_packet *p)
{
    bool ack = p->tcp_flags & GAD_TCP_ACK;

    if (f->tuple.proto != GAD_IP_TCP || !(p->tcp_flags & GAD_TCP_SYN))
        return false;
    if (ack && f->e[0].state != INACTIVE)
        return false;
    return f->e[0].did_close || f->e[1].did_close || p->seq != (uint32_t)f->e[ack ? 1 : 0].start;
}

static struct flow *begin(struct model *m, const struct gad_packet *p)
{
    struct flow *f = &m->flows[m->n++];
    const uint8_t all = GAD_TCP_SYN | GAD_TCP_ACK | GAD_TCP_FIN | GAD_TCP_RST;

    assert_true(m->n <= FLOWS_MAX);
    *f = (struct flow){.tuple = p->tuple, .first = p->time.ns, .end = p->time.ns, .finished = -1};
    f->wait = OPEN;
    f->id = ++m->last_id;
    if (p->tuple.proto == GAD_IP_TCP && (p->tcp_flags & all) == (GAD_TCP_SYN | GAD_TCP_ACK)) {
        memcpy(f->tuple.src, p->tuple.dst, 16);
        memcpy(f->tuple.dst, p->tuple.src, 16);
        f->tuple.src_port = p->tuple.dst_port;
        f->tuple.dst_port = p->tuple.src_port;
    }
    return f;
}

void model_packet(struct model *m, const struct gad_packet *p, gad_conn_fn *fn, void *arg)
{
    struct flow *f = NULL;
    bool is_new = false;

    m->now = p->time.ns > m->now ? p->time.ns : m->now;
    while (m->n > 0 && tick_end(m->flows[first_to_end(m)].due) <= m->now) {
        size_t i = first_to_end(m);
        end_flow(m, i, tick_end(m->flows[i].due), fn, arg);
    }
    if (p->tuple.proto == GAD_IP_ICMP) {
        struct gad_conn c = {.tuple = p->tuple, .start = p->time, .end = p->time};
        c.src_bytes = p->len;
        c.src_packets = 1;
        give(m, &c, m->now, fn, arg);
        return;
    }
    for (size_t i = 0; i < m->n && !f; i++)
        if (way_in(&m->flows[i], p) >= 0)
            f = &m->flows[i];
    if (f && is_reuse(f, p)) {
        end_flow(m, (size_t)(f - m->flows), m->now, fn, arg);
        f = NULL;
    }
    if (!f) {
        f = begin(m, p);
        is_new = true;
    }
    int way = way_in(f, p);
    f->end = p->time.ns > f->end ? p->time.ns : f->end;
    f->e[way].packets++;
    f->wrong += p->wrong_fragments;
    if (p->tuple.proto == GAD_IP_UDP) {
        f->e[way].udp_bytes += p->len;
        bool is_query = f->tuple.dst_port == 53 || f->tuple.dst_port == 123;
        uint64_t asked = f->e[0].packets, answered = f->e[1].packets;
        bool is_done = is_query && asked > 0 && answered >= asked;
        f->due = m->now + (is_done ? m->timeouts.udp_answered.ns : m->timeouts.udp_idle.ns);
    } else {
        tcp(m, f, way, p, is_new);
    }
}

void model_flush(struct model *m, gad_conn_fn *fn, void *arg)
{
    while (m->n > 0) {
        size_t i = first_to_end(m);
        end_flow(m, i, tick_end(m->flows[i].due), fn, arg);
    }
}
