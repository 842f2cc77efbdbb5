/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/flow/table.h"

#include "lib/flow/parts.h"

#define SECONDS(s)                                                                                 \
    {                                                                                              \
        (s) * INT64_C(1000000000)                                                                  \
    }
#define SPAN_MAX (INT64_C(366) * 86400 * 1000000000)

/* Receives the finished connections. */
struct sink {
    gad_conn_fn *fn;
    void *arg;
};

struct gad_flow_options gad_flow_defaults(void)
{
    return (struct gad_flow_options){
        .max_flows = 131072,
        .inspect_memory = 8 << 20,
        .inspect_bytes = 1 << 20,
        .timeouts =
            {
                .tcp_attempt = SECONDS(5),
                .tcp_close = SECONDS(5),
                .tcp_reset = SECONDS(5),
                .tcp_partial_close = SECONDS(3),
                .tcp_idle = SECONDS(300),
                .udp_idle = SECONDS(60),
            },
    };
}

static bool is_span(struct gad_time s)
{
    return s.ns > 0 && s.ns <= SPAN_MAX;
}

static bool are_valid(const struct gad_flow_options *o)
{
    const struct gad_flow_timeouts *s = &o->timeouts;

    return o->max_flows > 0 && o->max_flows <= GAD_FLOWS_MAX && is_span(s->tcp_attempt) &&
           is_span(s->tcp_close) && is_span(s->tcp_reset) && is_span(s->tcp_partial_close) &&
           is_span(s->tcp_idle) && is_span(s->udp_idle);
}

/* Large allocations are untouched pages; gad_calloc_aligned() would write to all of them. */
static int allocate_flows(struct gad_flow_table *t, size_t n)
{
    enum { ALIGN = _Alignof(struct gad_flow) };

    t->memory = gad_calloc(n + 2, sizeof(struct gad_flow)); /* flow 0, and space to align */
    if (!t->memory)
        return GAD_ENOMEM;
    uintptr_t p = ((uintptr_t)t->memory + ALIGN - 1) / ALIGN * ALIGN;
    t->flows = (struct gad_flow *)p;
    return 0;
}

int gad_flow_table_new(const struct gad_flow_options *o, struct gad_flow_table **ret)
{
    gad_cleanup(gad_flow_table_freep) struct gad_flow_table *t = NULL;

    if (!are_valid(o))
        return GAD_EINVAL;
    t = gad_calloc(1, sizeof(*t));
    if (!t)
        return GAD_ENOMEM;
    t->options = *o;
    t->options.ports = NULL; /* the caller's */
    if (o->ports)
        t->ports = *o->ports;
    else
        gad_ports_init(&t->ports);
    t->streams.max = o->inspect_memory;
    t->secret = gad_flow_secret_of(o->hash_key);
    int err = allocate_flows(t, o->max_flows);
    if (err == 0)
        err = gad_flow_index_init(&t->index, o->max_flows);
    if (err == 0)
        err = gad_wheel_init(&t->wheel, t->flows);
    if (err == 0)
        err = gad_ftp_sessions_init(&t->ftp, &t->secret);
    if (err != 0)
        return err;
    *ret = gad_steal(&t);
    return 0;
}

void gad_flow_table_free(struct gad_flow_table *t)
{
    if (!t)
        return;
    for (uint32_t i = 1; i <= t->n_touched; i++)
        gad_stream_free(t->flows[i].stream, &t->streams);
    gad_ftp_sessions_deinit(&t->ftp);
    gad_wheel_deinit(&t->wheel);
    gad_flow_index_deinit(&t->index);
    gad_free(t->memory);
    gad_free(t);
}

enum { PAST_MAX = 64, PAST_NS = 1000000000 };

static void set_clock(struct gad_clock *c, int64_t ns)
{
    ns = ns < 0 ? 0 : ns > GAD_CLOCK_MAX ? GAD_CLOCK_MAX : ns;
    ns = ns > GAD_CLOCK_MAX - c->skew ? GAD_CLOCK_MAX : ns + c->skew;
    if (ns >= c->now) {
        c->now = ns;
        c->n_past = 0;
        return;
    }
    c->back++;
    if (c->now - ns < PAST_NS || ++c->n_past < PAST_MAX)
        return;
    c->skew += c->now - ns; /* at most GAD_CLOCK_MAX: ns was not below the old skew */
    c->n_past = 0;
    c->reset++;
}

/* KDD99's records with one of these states have no bytes and no content. */
static bool has_no_bytes(enum gad_conn_state s)
{
    return s == GAD_CONN_REJ || s == GAD_CONN_SH || s == GAD_CONN_SHR || s == GAD_CONN_RSTOS0 ||
           s == GAD_CONN_RSTRH || s == GAD_CONN_OTH;
}

static int64_t tcp_duration(const struct gad_flow *f)
{
    const struct gad_tcp_side *s = f->side;
    bool closed = s[0].state >= GAD_TCP_CLOSED || s[1].state >= GAD_TCP_CLOSED;

    return closed ? (f->lasting_known ? f->productive : f->end) - f->start : 0;
}

static void fill_tcp(struct gad_flow_table *t, uint32_t flow, struct gad_conn *c)
{
    const struct gad_flow *f = &t->flows[flow];

    c->state = gad_tcp_conn_state(f->side);
    c->duration.ns = tcp_duration(f);
    gad_flow_inspect_end(t, flow, !has_no_bytes(c->state), &c->content);
    if (has_no_bytes(c->state))
        return;
    c->src_bytes = gad_tcp_bytes(&f->side[0]);
    c->dst_bytes = gad_tcp_bytes(&f->side[1]);
}

static void fill_udp(const struct gad_flow *f, struct gad_conn *c)
{
    c->state = GAD_CONN_SF;
    c->duration.ns = f->end - f->start;
    c->src_bytes = f->side[0].last;
    c->dst_bytes = f->side[1].last;
}

static void free_flow(struct gad_flow_table *t, uint32_t flow)
{
    struct gad_flow *f = &t->flows[flow];

    gad_flow_index_remove(&t->index, f->tag, flow);
    f->next = t->free;
    t->free = flow;
    t->n.flows--;
}

static void emit(struct gad_flow_table *t, struct gad_conn *c, int64_t decided, struct sink to)
{
    t->decided = decided > t->decided ? decided : t->decided;
    c->decided.ns = t->decided;
    t->n.ended++;
    to.fn(to.arg, c);
}

/* Emits a flow, which is off the wheel, as a connection, and frees it. @decided: raised to what
 * left before. */
static void end_flow(struct gad_flow_table *t, uint32_t flow, int64_t decided, bool evicted,
                     struct sink to)
{
    const struct gad_flow *f = &t->flows[flow];
    struct gad_conn c = {
        .tuple = gad_flow_key_tuple(&f->key, f->orig_is_b),
        .start.ns = f->start,
        .end.ns = f->end,
        .src_packets = f->packets[0],
        .dst_packets = f->packets[1],
        .wrong_fragment = f->wrong_fragment,
        .urgent = f->urgent,
        .vlan = f->vlan,
        .tunnels = f->tunnels,
        .found = f->found,
        .evicted = evicted,
    };

    if (gad_flow_is_tcp(f))
        fill_tcp(t, flow, &c);
    else
        fill_udp(f, &c);
    free_flow(t, flow);
    emit(t, &c, decided, to);
}

/* Ends every flow that is due at the table's time. */
static void expire(struct gad_flow_table *t, struct sink to)
{
    uint64_t until = (uint64_t)t->clock.now >> GAD_WHEEL_TICK_SHIFT;
    uint32_t flow;

    while ((flow = gad_wheel_next(&t->wheel, until)) != 0) {
        gad_flow_index_prefetch(&t->index,
                                /* of the next flow; flow 0 is harmless */
                                t->flows[t->wheel.due].tag);
        end_flow(t, flow, gad_wheel_end(gad_wheel_tick(t->flows[flow].due)), false, to);
    }
}

/* One ICMP message, which is a connection. */
static void add_icmp(struct gad_flow_table *t, const struct gad_packet *p, struct sink to)
{
    struct gad_conn c = {
        .tuple = p->tuple,
        .start = p->time,
        .end = p->time,
        .state = GAD_CONN_SF,
        .src_bytes = p->len,
        .src_packets = 1,
        .wrong_fragment = p->wrong_fragments,
        .vlan = p->vlan,
        .icmp_type = p->icmp_type,
        .icmp_code = p->icmp_code,
        .tunnels = p->tunnels,
    };

    t->n.begun++;
    emit(t, &c, t->clock.now, to);
}

static uint32_t find(const struct gad_flow_table *t, const struct gad_flow_key *key, uint64_t hash)
{
    uint32_t at = (uint32_t)hash, flow;

    while ((flow = gad_flow_index_next(&t->index, hash, &at)) != 0) {
        const struct gad_flow *f = &t->flows[flow];
        __builtin_prefetch(f->side, 1);
        __builtin_prefetch(&f->start, 1);
        if (gad_flow_key_equal(&f->key, key))
            break;
    }
    return flow;
}

/* Returns a free flow number; evicts a flow if the table is full. */
static uint32_t take_free(struct gad_flow_table *t, struct sink to)
{
    if (t->free == 0 && t->n_touched == t->options.max_flows) {
        uint32_t victim = gad_wheel_victim(&t->wheel);
        gad_assert(victim != 0);
        gad_wheel_remove(&t->wheel, victim);
        t->n.evicted++;
        end_flow(t, victim, t->clock.now, true, to);
    }
    if (t->free == 0)
        return ++t->n_touched;
    uint32_t flow = t->free;
    t->free = t->flows[flow].next;
    return flow;
}

/* The first packet seen of a connection determines the originator. */
static bool is_from_originator(const struct gad_packet *p)
{
    enum { ALL = GAD_TCP_SYN | GAD_TCP_ACK | GAD_TCP_FIN | GAD_TCP_RST };

    return p->tuple.proto != GAD_IP_TCP || (p->tcp_flags & ALL) != (GAD_TCP_SYN | GAD_TCP_ACK);
}

static uint32_t begin(struct gad_flow_table *t, const struct gad_packet *p,
                      const struct gad_flow_key *key, uint64_t hash, bool src_is_b, struct sink to)
{
    uint32_t flow = take_free(t, to);

    t->flows[flow] = (struct gad_flow){
        .key = *key,
        .orig_is_b = src_is_b == is_from_originator(p),
        .start = p->time.ns,
        .end = p->time.ns,
        .id = ++t->last_id,
        .vlan = p->vlan,
        .tag = (uint32_t)hash,
        .tunnels = p->tunnels,
    };
    gad_flow_index_add(&t->index, hash, flow);
    t->n.begun++;
    t->n.flows++;
    t->n.flows_most = t->n.flows > t->n.flows_most ? t->n.flows : t->n.flows_most;
    return flow;
}

static void start_ending(const struct gad_flow_table *t, struct gad_flow *f, struct gad_time span)
{
    f->timing = GAD_FLOW_ENDING;
    f->due = t->clock.now + span.ns;
}

static void set_tcp_timer(const struct gad_flow_table *t, struct gad_flow *f,
                          enum gad_tcp_event event, bool is_new)
{
    const struct gad_flow_timeouts *s = &t->options.timeouts;

    if (event == GAD_TCP_ENDED) {
        start_ending(t, f, s->tcp_close);
    } else if (event == GAD_TCP_RESET_AFTER) {
        start_ending(t, f, s->tcp_reset);
    } else if (event == GAD_TCP_HALF_SEEN) {
        start_ending(t, f, s->tcp_partial_close);
    } else if (is_new && gad_tcp_is_attempt(f->side)) {
        f->timing = GAD_FLOW_ATTEMPT;
        f->due = t->clock.now + s->tcp_attempt.ns;
    } else if (f->timing == GAD_FLOW_IDLE ||
               (f->timing == GAD_FLOW_ATTEMPT && !gad_tcp_is_attempt(f->side))) {
        f->timing = GAD_FLOW_IDLE;
        f->due = t->clock.now + s->tcp_idle.ns;
    }
}

static void add_tcp(const struct gad_flow_table *t, struct gad_flow *f, const struct gad_packet *p,
                    bool from_originator, bool is_new)
{
    enum gad_tcp_event event = gad_tcp_packet(f->side, from_originator, p);

    set_tcp_timer(t, f, event, is_new);
    f->urgent += (p->tcp_flags & GAD_TCP_URG) != 0;
    if (event == GAD_TCP_ENDED && !f->lasting_known) {
        f->productive = f->end;
        f->lasting_known = true;
    }
}

static void add_udp(const struct gad_flow_table *t, struct gad_flow *f, const struct gad_packet *p,
                    bool from_originator)
{
    f->side[from_originator ? 0 : 1].last += p->len;
    f->timing = GAD_FLOW_IDLE;
    f->due = t->clock.now + t->options.timeouts.udp_idle.ns;
}

static void add_packet(struct gad_flow_table *t, uint32_t flow, const struct gad_packet *p,
                       bool src_is_b, bool is_new)
{
    struct gad_flow *f = &t->flows[flow];
    bool from_originator = src_is_b == f->orig_is_b;

    f->end = p->time.ns > f->end ? p->time.ns : f->end;
    f->packets[from_originator ? 0 : 1]++;
    f->wrong_fragment += p->wrong_fragments;
    if (gad_flow_is_tcp(f)) {
        if (is_new)
            gad_flow_find_ftp_data(t, flow);
        add_tcp(t, f, p, from_originator, is_new);
        gad_flow_inspect(t, flow, p, from_originator);
    } else {
        add_udp(t, f, p, from_originator);
    }
    if (is_new)
        gad_wheel_add(&t->wheel, flow);
    else if (f->timing == GAD_FLOW_ENDING)
        gad_wheel_update(&t->wheel, flow);
}

static void add_to_flow(struct gad_flow_table *t, const struct gad_packet *p, struct sink to)
{
    bool src_is_b, is_new = false;
    struct gad_flow_key key =
        gad_flow_key_of(&p->tuple, t->options.by_vlan ? p->vlan : 0, &src_is_b);
    uint64_t hash = gad_flow_key_hash(&key, &t->secret);
    uint32_t flow = find(t, &key, hash);

    if (flow && gad_flow_is_tcp(&t->flows[flow]) && gad_tcp_is_reuse(t->flows[flow].side, p)) {
        gad_wheel_remove(&t->wheel, flow);
        t->n.reused++;
        end_flow(t, flow, t->clock.now, false, to);
        flow = 0;
    }
    if (flow == 0) {
        flow = begin(t, p, &key, hash, src_is_b, to);
        is_new = true;
    }
    add_packet(t, flow, p, src_is_b, is_new);
}

/* The cursor is behind the tick that expired last; most packets fall into it. */
static void set_time(struct gad_flow_table *t, struct gad_time now, struct sink to)
{
    set_clock(&t->clock, now.ns);
    if ((uint64_t)t->clock.now >> GAD_WHEEL_TICK_SHIFT >= t->wheel.cursor)
        expire(t, to);
}

void gad_flow_packet(struct gad_flow_table *t, const struct gad_packet *p, gad_conn_fn *fn,
                     void *arg)
{
    struct sink to = {fn, arg};
    uint8_t proto = p->tuple.proto, family = p->tuple.family;

    t->n.packets++;
    set_time(t, p->time, to);
    bool is_ip = family == 4 || family == 6;
    if (is_ip && p->bad_checksum)
        t->n.bad_checksums++;
    else if (is_ip && (proto == GAD_IP_TCP || proto == GAD_IP_UDP))
        add_to_flow(t, p, to);
    else if (is_ip && (proto == GAD_IP_ICMP || proto == GAD_IP_ICMP6))
        add_icmp(t, p, to);
    else
        t->n.not_counted++;
}

void gad_flow_advance(struct gad_flow_table *t, struct gad_time now, gad_conn_fn *fn, void *arg)
{
    set_time(t, now, (struct sink){fn, arg});
}

void gad_flow_flush(struct gad_flow_table *t, gad_conn_fn *fn, void *arg)
{
    uint32_t flow;

    while ((flow = gad_wheel_next(&t->wheel, UINT64_MAX - 1)) != 0)
        end_flow(t, flow, t->clock.now, false, (struct sink){fn, arg});
    /* more packets can follow */
    t->wheel.cursor = ((uint64_t)t->clock.now >> GAD_WHEEL_TICK_SHIFT) + 1;
}

struct gad_flow_counters gad_flow_table_counters(const struct gad_flow_table *t)
{
    struct gad_flow_counters n = t->n;

    n.ftp_evicted = t->ftp.n_evicted;
    n.inspect_cut = t->streams.cut;
    n.inspect_memory = t->streams.used;
    n.gaps = t->streams.gaps;
    n.gap_bytes = t->streams.gap_bytes;
    n.clock_back = t->clock.back;
    n.clock_reset = t->clock.reset;
    return n;
}
