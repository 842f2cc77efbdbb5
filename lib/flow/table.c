/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/flow/table.h"

#include "lib/flow/decide.h"
#include "lib/flow/parts.h"

#define SECONDS(s)                                                                                 \
    {                                                                                              \
        (s) * INT64_C(1000000000)                                                                  \
    }
#define SPAN_MAX (INT64_C(366) * 86400 * 1000000000)

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
                .linger = SECONDS(120),
                .udp_answered = SECONDS(2),
            },
    };
}

static bool is_span(struct gad_time s)
{
    return s.ns > 0 && s.ns <= SPAN_MAX;
}

static bool is_span_or_0(struct gad_time s)
{
    return s.ns == 0 || is_span(s);
}

static bool are_valid(const struct gad_flow_options *o)
{
    const struct gad_flow_timeouts *s = &o->timeouts;

    return o->max_flows > 0 && o->max_flows <= GAD_FLOWS_MAX && is_span(s->tcp_attempt) &&
           is_span(s->tcp_close) && is_span(s->tcp_reset) && is_span(s->tcp_partial_close) &&
           is_span(s->tcp_idle) && is_span(s->udp_idle) && is_span(s->linger) &&
           is_span_or_0(s->udp_answered) && is_span_or_0(o->interim);
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
    if (err == 0)
        err = gad_flow_frames_init(&t->frames, o->ring, o->max_flows);
    if (err == 0)
        err = gad_linger_init(&t->linger);
    if (err == 0)
        err = gad_icmp_asked_init(&t->icmp, &t->secret);
    if (err != 0)
        return err;
    t->wheel.interims.span = o->interim.ns;
    *ret = gad_steal(&t);
    return 0;
}

void gad_flow_table_free(struct gad_flow_table *t)
{
    if (!t)
        return;
    for (uint32_t i = 1; i <= t->n_touched; i++)
        gad_stream_free(t->flows[i].stream, &t->streams);
    gad_linger_deinit(&t->linger);
    gad_stream_memory_deinit(&t->streams);
    gad_icmp_asked_deinit(&t->icmp);
    gad_ftp_sessions_deinit(&t->ftp);
    gad_flow_frames_deinit(&t->frames);
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

/* A flow whose interim record is due stays. */
static void pass_interim(struct gad_flow_table *t, uint32_t flow, struct gad_flow_sink to)
{
    int64_t now = gad_wheel_end(t->wheel.cursor - 1);

    if (gad_interim_is_worth(&t->wheel.interims, &t->flows[flow]))
        gad_flow_emit_interim(t, flow, now, to);
    gad_interim_next(&t->wheel.interims, &t->flows[flow], now);
    gad_wheel_add(&t->wheel, flow);
}

/* Ends every flow that is due at the table's time. */
static void expire(struct gad_flow_table *t, struct gad_flow_sink to)
{
    uint64_t until = (uint64_t)t->clock.now >> GAD_WHEEL_TICK_SHIFT;
    uint32_t flow;

    t->wheel.interims.skew = t->clock.skew;
    while ((flow = gad_wheel_next(&t->wheel, until)) != 0) {
        if (gad_wheel_is_interim(&t->wheel, flow)) {
            pass_interim(t, flow, to);
            continue;
        }
        gad_flow_index_prefetch(&t->index,
                                /* of the next flow; flow 0 is harmless */
                                t->flows[t->wheel.due].tag);
        gad_flow_frames_prefetch(&t->frames, t->wheel.due);
        gad_flow_end(t, flow, gad_wheel_end(gad_wheel_tick(t->flows[flow].due)), false, to);
    }
}

/* One ICMP message, which is a connection. */
static void add_icmp(struct gad_flow_table *t, const struct gad_packet *p, struct gad_flow_sink to)
{
    struct gad_conn c = {
        .tuple = p->tuple,
        .start = p->time,
        .end = p->time,
        .state = GAD_CONN_SF,
        .src_bytes = p->len,
        .src_packets = 1,
        .packet = p->number,
        .frames = gad_flow_frames_single(&t->frames, p),
        .wrong_fragment = p->wrong_fragments,
        .vlan = p->vlan,
        .icmp_type = p->icmp_type,
        .icmp_code = p->icmp_code,
        .tunnels = p->tunnels,
        .is_answer = gad_icmp_answers(t, p),
        .notes = gad_icmp_is_background(t, p) ? GAD_NOTE_BACKGROUND : 0,
    };

    if (c.is_answer)
        c.tuple = gad_tuple_reversed(&p->tuple);
    t->n.begun++;
    gad_flow_emit(t, &c, t->clock.now, to);
}

static uint32_t find(const struct gad_flow_table *t, const struct gad_flow_key *key, uint64_t hash)
{
    uint32_t at = (uint32_t)hash, flow;

    while ((flow = gad_flow_index_next(&t->index, hash, &at)) != 0) {
        const struct gad_flow *f = &t->flows[flow];
        __builtin_prefetch(f->side, 1);
        __builtin_prefetch(&f->start, 1);
        gad_flow_frames_prefetch(&t->frames, flow);
        if (gad_flow_key_equal(&f->key, key))
            break;
    }
    return flow;
}

/* Returns a free flow number; evicts a flow if the table is full. */
static uint32_t take_free(struct gad_flow_table *t, struct gad_flow_sink to)
{
    if (t->free == 0 && t->n_touched == t->options.max_flows) {
        uint32_t victim = gad_wheel_victim(&t->wheel);
        gad_assert(victim != 0);
        gad_wheel_remove(&t->wheel, victim);
        t->n.evicted++;
        gad_flow_end(t, victim, t->clock.now, true, to);
    }
    if (t->free == 0)
        return ++t->n_touched;
    uint32_t flow = t->free;
    t->free = t->flows[flow].next;
    return flow;
}

static uint32_t begin(struct gad_flow_table *t, const struct gad_packet *p,
                      const struct gad_flow_key *key, uint64_t hash, bool src_is_b,
                      const struct gad_lingering *e, struct gad_flow_sink to)
{
    bool guessed;
    bool from_originator = gad_flow_is_from_originator(t, p, src_is_b, e, &guessed);
    uint32_t flow = take_free(t, to);

    t->flows[flow] = (struct gad_flow){
        .key = *key,
        .orig_is_b = src_is_b == from_originator,
        .start = p->time.ns,
        .end = p->time.ns,
        .id = ++t->last_id,
        .vlan = p->vlan,
        .tag = (uint32_t)hash,
        .tunnels = p->tunnels,
        /* it continues after a RST, and the bytes since were not kept */
        .notes =
            (uint8_t)((guessed ? GAD_NOTE_GUESSED : 0) | (e && e->took_data ? GAD_NOTE_BLIND : 0)),
        .interims = p->tuple.proto != GAD_IP_TCP, /* the first is for TCP only */
    };
    gad_flow_frames_begin(&t->frames, flow, p);
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

static void set_tcp_timer(const struct gad_flow_table *t, struct gad_flow *f, unsigned effect,
                          bool is_new)
{
    const struct gad_flow_timeouts *s = &t->options.timeouts;

    if (effect & GAD_TCP_REVOKED) {
        f->timing = GAD_FLOW_IDLE;
        f->lasting_known = false;
    }
    if (effect & GAD_TCP_ENDED) {
        start_ending(t, f, s->tcp_close);
    } else if (effect & GAD_TCP_RESET_AFTER) {
        start_ending(t, f, s->tcp_reset);
    } else if (effect & GAD_TCP_HALF_SEEN) {
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

static void count_effect(struct gad_flow_table *t, unsigned effect, const struct gad_packet *p)
{
    bool is_wrong = (effect & GAD_TCP_WRONG) != 0;

    t->n.out_of_window += is_wrong;
    t->n.dropped += (effect & GAD_TCP_DROPPED) != 0;
    bool is_syn = (p->tcp_flags & GAD_TCP_SYN) != 0; /* also with RST, see gad_tcp_packet() */
    t->n.resets_wrong += is_wrong && !is_syn && (p->tcp_flags & GAD_TCP_RST);
    t->n.syns_wrong += is_wrong && is_syn;
    t->n.resets_revoked += (effect & GAD_TCP_REVOKED) != 0;
}

static unsigned add_tcp(struct gad_flow_table *t, struct gad_flow *f, const struct gad_packet *p,
                        bool from_originator, bool is_new)
{
    unsigned effect = gad_tcp_packet(f->side, from_originator, p);

    if (effect != 0)
        count_effect(t, effect, p);
    set_tcp_timer(t, f, effect, is_new);
    if (!(effect & GAD_TCP_DROPPED))
        f->urgent = gad_flow_sum(f->urgent, (p->tcp_flags & GAD_TCP_URG) != 0);
    if ((effect & GAD_TCP_ENDED) && !f->lasting_known) {
        f->productive = f->end;
        f->lasting_known = true;
    }
    return effect;
}

static void add_udp(const struct gad_flow_table *t, struct gad_flow *f, const struct gad_packet *p,
                    bool from_originator)
{
    f->side[from_originator ? 0 : 1].last += p->len;
    const struct gad_flow_timeouts *s = &t->options.timeouts;
    bool is_answered = s->udp_answered.ns > 0 && gad_flow_is_answered(f);

    f->timing = is_answered ? GAD_FLOW_ANSWERED : GAD_FLOW_IDLE;
    f->due = t->clock.now + (is_answered ? s->udp_answered.ns : s->udp_idle.ns);
}

/* Moves a flow whose deadline came closer. */
static void set_wheel(struct gad_flow_table *t, uint32_t flow, bool is_new)
{
    if (is_new)
        gad_wheel_add(&t->wheel, flow);
    else if (t->flows[flow].timing >= GAD_FLOW_ENDING)
        gad_wheel_update(&t->wheel, flow);
}

static void add_packet(struct gad_flow_table *t, uint32_t flow, const struct gad_packet *p,
                       bool src_is_b, bool is_new)
{
    struct gad_flow *f = &t->flows[flow];
    bool from_originator = src_is_b == f->orig_is_b;

    gad_flow_count(f, p, from_originator);
    gad_flow_frames_add(&t->frames, flow, f, p);
    if (gad_flow_is_tcp(f)) {
        if (is_new)
            gad_flow_find_ftp_data(t, flow);
        bool had_closed = f->side[from_originator ? 0 : 1].closed;
        unsigned effect = add_tcp(t, f, p, from_originator, is_new);
        if ((effect & GAD_TCP_RENUMBERED) && f->stream)
            gad_stream_renumber(f->stream, &t->streams, from_originator ? 0 : 1);
        if (!(effect & GAD_TCP_DROPPED)) {
            gad_flow_inspect(t, flow, p, from_originator);
            if (f->has_other_syn && !had_closed && !gad_tcp_is_attempt(f->side) &&
                from_originator != f->other_syn_is_responders)
                f->has_other_syn = false; /* its sender continues the connection */
        }
    } else {
        add_udp(t, f, p, from_originator);
    }
    set_wheel(t, flow, is_new);
}

/* The first packet of a flow, unless it is a late one of a flow that ended. */
static void add_first(struct gad_flow_table *t, const struct gad_packet *p,
                      const struct gad_flow_key *key, uint64_t hash, bool src_is_b,
                      struct gad_flow_sink to)
{
    bool opens = (p->tcp_flags & (GAD_TCP_SYN | GAD_TCP_ACK)) == GAD_TCP_SYN;
    struct gad_lingering *e = NULL;

    if (p->tuple.proto == GAD_IP_TCP && !opens)
        e = gad_linger_find(&t->linger, hash, t->clock.now);
    if (e && gad_linger_is_late(e, src_is_b, p))
        t->n.late++;
    else
        add_packet(t, begin(t, p, key, hash, src_is_b, e, to), p, src_is_b, true);
}

/* A packet with SYN, on the ports of a flow. */
static void add_syn(struct gad_flow_table *t, uint32_t flow, const struct gad_packet *p,
                    uint64_t hash, bool src_is_b, struct gad_flow_sink to)
{
    const struct gad_flow_key key = t->flows[flow].key;
    enum gad_flow_syn syn = gad_flow_place_syn(t, &t->flows[flow], p, src_is_b);

    if (syn == GAD_FLOW_SYN_BELONGS) {
        add_packet(t, flow, p, src_is_b, false);
        return;
    }
    if (syn == GAD_FLOW_SYN_COUNTED) {
        gad_flow_frames_add_other(&t->frames, flow, &t->flows[flow], p);
        return;
    }
    struct gad_flow_frame other = {0};
    if (syn == GAD_FLOW_SYN_ANSWERED)
        other = gad_flow_frames_take_other(&t->frames, flow);
    gad_wheel_remove(&t->wheel, flow);
    t->n.reused++;
    gad_flow_end(t, flow, t->clock.now, false, to);
    flow = begin(t, p, &key, hash, src_is_b, NULL, to);
    if (syn == GAD_FLOW_SYN_ANSWERED) {
        gad_tcp_restart(&t->flows[flow].side[0], p->ack - 1);
        t->flows[flow].packets[0] = 1;
        gad_flow_frames_put_other(&t->frames, flow, &other);
    }
    add_packet(t, flow, p, src_is_b, true);
}

static void add_to_flow(struct gad_flow_table *t, const struct gad_packet *p,
                        struct gad_flow_sink to)
{
    bool src_is_b;
    struct gad_flow_key key = gad_flow_key_of(&p->tuple, 0, &src_is_b);
    key.rest |= gad_flow_where(t, p);
    uint64_t hash = gad_flow_key_hash(&key, &t->secret);
    uint32_t flow = find(t, &key, hash);

    if (!flow)
        add_first(t, p, &key, hash, src_is_b, to);
    else if ((p->tcp_flags & GAD_TCP_SYN) && gad_flow_is_tcp(&t->flows[flow]))
        add_syn(t, flow, p, hash, src_is_b, to);
    else
        add_packet(t, flow, p, src_is_b, false);
}

/* The cursor is behind the tick that expired last; most packets fall into it. */
static void set_time(struct gad_flow_table *t, struct gad_time now, struct gad_flow_sink to)
{
    set_clock(&t->clock, now.ns);
    if ((uint64_t)t->clock.now >> GAD_WHEEL_TICK_SHIFT >= t->wheel.cursor)
        expire(t, to);
}

void gad_flow_packet(struct gad_flow_table *t, const struct gad_packet *p, gad_conn_fn *fn,
                     void *arg)
{
    struct gad_flow_sink to = {fn, arg};
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
    set_time(t, now, (struct gad_flow_sink){fn, arg});
}

void gad_flow_flush(struct gad_flow_table *t, gad_conn_fn *fn, void *arg)
{
    int64_t span = t->wheel.interims.span;
    uint32_t flow;

    t->wheel.interims.span = 0; /* none of the future */
    t->is_at_end = true;
    while ((flow = gad_wheel_next(&t->wheel, UINT64_MAX - 1)) != 0)
        gad_flow_end(t, flow, gad_wheel_end(gad_wheel_tick(t->flows[flow].due)), false,
                     (struct gad_flow_sink){fn, arg});
    t->is_at_end = false;
    t->wheel.interims = (struct gad_interims){.span = span};
    t->wheel.cursor = 0;
    gad_linger_clear(&t->linger);
    gad_ftp_sessions_clear(&t->ftp);
    gad_icmp_asked_clear(&t->icmp);
    t->clock = (struct gad_clock){.back = t->clock.back, .reset = t->clock.reset};
    t->decided = 0;
}

struct gad_flow_counters gad_flow_table_counters(const struct gad_flow_table *t)
{
    struct gad_flow_counters n = t->n;

    n.ftp_evicted = t->ftp.n_evicted;
    n.frames_stored = t->frames.stored;
    n.frames_skipped = t->frames.skipped;
    n.inspect_cut = t->streams.cut;
    n.inspect_cut_bytes = t->streams.cut_bytes;
    n.inspect_evicted = t->streams.evicted;
    n.ambiguous = t->streams.ambiguous;
    n.conflicts = t->streams.conflicts;
    n.inspect_memory = t->streams.used;
    n.gaps = t->streams.gaps;
    n.gap_bytes = t->streams.gap_bytes;
    n.clock_back = t->clock.back;
    n.clock_reset = t->clock.reset;
    n.linger_evicted = t->linger.evicted;
    n.icmp_evicted = t->icmp.evicted;
    return n;
}
