/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/flow/model.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/flow/traffic.h"
#include "tests/unit/test.h"

enum { FLOWS_MAX = 4096 };

struct end {
    uint64_t packets, bytes;
};

struct flow {
    struct gad_tuple tuple; /* of the originator */
    struct end e[2];
    int64_t first, end; /* packet time */
    int64_t due;
    uint64_t id;
    uint32_t wrong;
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

static void give(struct model *m, struct gad_conn *c, int64_t decided, gad_conn_fn *fn, void *arg)
{
    m->decided = decided > m->decided ? decided : m->decided;
    c->decided.ns = m->decided;
    fn(arg, c);
}

static void end_flow(struct model *m, size_t i, int64_t decided, gad_conn_fn *fn, void *arg)
{
    const struct flow *f = &m->flows[i];
    struct gad_conn c = {.tuple = f->tuple, .start.ns = f->first, .end.ns = f->end};

    c.src_packets = f->e[0].packets;
    c.dst_packets = f->e[1].packets;
    c.wrong_fragment = f->wrong;
    if (f->tuple.proto == GAD_IP_UDP) {
        c.duration.ns = f->end - f->first;
        c.src_bytes = f->e[0].bytes;
        c.dst_bytes = f->e[1].bytes;
    } else {
        c.state = GAD_CONN_S0;
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

static struct flow *begin(struct model *m, const struct gad_packet *p)
{
    struct flow *f = &m->flows[m->n++];

    assert_true(m->n <= FLOWS_MAX);
    *f = (struct flow){.tuple = p->tuple, .first = p->time.ns, .end = p->time.ns};
    f->id = ++m->last_id;
    f->due = m->now + m->timeouts.tcp_attempt.ns;
    return f;
}

void model_packet(struct model *m, const struct gad_packet *p, gad_conn_fn *fn, void *arg)
{
    struct flow *f = NULL;

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
    if (!f)
        f = begin(m, p);
    int way = way_in(f, p);
    f->end = p->time.ns > f->end ? p->time.ns : f->end;
    f->e[way].packets++;
    f->wrong += p->wrong_fragments;
    if (p->tuple.proto == GAD_IP_UDP) {
        f->e[way].bytes += p->len;
        bool is_query = f->tuple.dst_port == 53 || f->tuple.dst_port == 123;
        uint64_t asked = f->e[0].packets, answered = f->e[1].packets;
        bool is_done = is_query && asked > 0 && answered >= asked;
        f->due = m->now + (is_done ? m->timeouts.udp_answered.ns : m->timeouts.udp_idle.ns);
    }
}

void model_flush(struct model *m, gad_conn_fn *fn, void *arg)
{
    while (m->n > 0) {
        size_t i = first_to_end(m);
        end_flow(m, i, tick_end(m->flows[i].due), fn, arg);
    }
}
