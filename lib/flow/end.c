/* SPDX-License-Identifier: Apache-2.0 */
/* A flow becomes a connection. */
#include "lib/flow/decide.h"
#include "lib/flow/parts.h"

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
    struct gad_flow *f = &t->flows[flow];

    gad_tcp_finish(f->side);
    c->state = gad_tcp_conn_state(f->side);
    c->duration.ns = tcp_duration(f);
    /* S0: payload of a SYN that was not answered has no receiver, and any sender can forge it */
    bool has_content = !has_no_bytes(c->state) && c->state != GAD_CONN_S0;
    gad_flow_inspect_end(t, flow, has_content, &c->content);
    c->notes |= f->notes;
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

static void give(struct gad_flow_table *t, struct gad_conn *c, int64_t decided,
                 struct gad_flow_sink to)
{
    t->decided = decided > t->decided ? decided : t->decided;
    c->decided.ns = t->decided;
    to.fn(to.arg, c);
}

/* Remembers a connection that ended at @decided for its late packets. Those that no handshake
 * opened are not worth it: a scan would fill the table. */
static void remember(struct gad_flow_table *t, const struct gad_flow *f, int64_t decided)
{
    const struct gad_tcp_side *s = f->side;
    bool ended = s[0].closed || s[1].closed;

    if (!gad_tcp_was_open(s) && !(ended && f->packets[0] + f->packets[1] > 2))
        return;
    int a = f->orig_is_b, b = !f->orig_is_b; /* the side that is endpoint a, b */
    const struct gad_lingering e = {
        .next = {gad_tcp_next(&s[a]), gad_tcp_next(&s[b])},
        .orig_is_b = f->orig_is_b,
        .ended = ended,
        .reset = {s[a].state == GAD_TCP_RESET, s[b].state == GAD_TCP_RESET},
    };
    gad_linger_add(&t->linger, gad_flow_key_hash(&f->key, &t->secret), t->clock.now,
                   decided + t->options.timeouts.linger.ns, &e);
}

void gad_flow_emit(struct gad_flow_table *t, struct gad_conn *c, int64_t decided,
                   struct gad_flow_sink to)
{
    t->n.ended++;
    give(t, c, decided, to);
}

/* The part of a connection that does not depend on its protocol. */
static struct gad_conn conn_of(const struct gad_flow_table *t, const struct gad_flow *f)
{
    uint32_t flow = (uint32_t)(f - t->flows);

    return (struct gad_conn){
        .tuple = gad_flow_key_tuple(&f->key, f->orig_is_b),
        .start.ns = f->start,
        .end.ns = f->end,
        .src_packets = f->packets[0],
        .dst_packets = f->packets[1],
        .packet = gad_flow_frames_first(&t->frames, flow),
        .frames = gad_flow_frames_last(&t->frames, flow),
        .wrong_fragment = f->wrong_fragment,
        .urgent = f->urgent,
        .vlan = f->vlan,
        .tunnels = f->tunnels,
        .notes = f->notes,
        .found = f->found,
    };
}

/* A SYN that was not answered, on the ports of a connection that ended: an attempt of its own. */
static void emit_other_syn(struct gad_flow_table *t, const struct gad_flow *f, struct gad_conn *c,
                           const struct gad_flow_frame *other, int64_t decided,
                           struct gad_flow_sink to)
{
    struct gad_conn attempt = {
        .tuple = gad_flow_key_tuple(&f->key, f->orig_is_b != f->other_syn_is_responders),
        .start.ns = f->end,
        .end.ns = f->end,
        .state = GAD_CONN_S0,
        .src_packets = 1,
        .packet = other->number,
        .frames = other->ref,
        .vlan = f->vlan,
        .tunnels = f->tunnels,
    };

    t->n.begun++;
    gad_flow_emit(t, c, decided, to);
    gad_flow_emit(t, &attempt, decided, to);
}

/* Emits what the flow is so far, as a connection of which both sides close now. */
void gad_flow_emit_interim(struct gad_flow_table *t, uint32_t flow, int64_t decided,
                           struct gad_flow_sink to)
{
    const struct gad_flow *f = &t->flows[flow];
    struct gad_conn c = conn_of(t, f);

    fill_udp(f, &c);
    if (gad_flow_is_tcp(f)) {
        struct gad_tcp_side side[2] = {f->side[0], f->side[1]};
        gad_tcp_finish(side);
        c.state = gad_tcp_conn_state(side);
        bool has_bytes = !has_no_bytes(c.state);
        c.src_bytes = has_bytes ? gad_tcp_bytes(&side[0]) : 0;
        c.dst_bytes = has_bytes ? gad_tcp_bytes(&side[1]) : 0;
        if (has_bytes)
            gad_flow_inspect_so_far(t, flow, &c.content);
    }
    c.notes |= GAD_NOTE_INTERIM;
    t->n.interims++;
    give(t, &c, decided, to);
}

/* Emits a flow, which is off the wheel, as a connection, and frees it. @decided: raised to what
 * left before. */
void gad_flow_end(struct gad_flow_table *t, uint32_t flow, int64_t decided, bool evicted,
                  struct gad_flow_sink to)
{
    const struct gad_flow *f = &t->flows[flow];
    struct gad_conn c = conn_of(t, f);

    c.evicted = evicted;
    if (t->is_at_end && gad_flow_is_open(f)) {
        if (t->options.interim.ns > 0)
            gad_flow_emit_interim(t, flow, decided, to);
        c.notes |= GAD_NOTE_CUT;
        t->n.cut++;
    }
    t->n.answered += f->timing == GAD_FLOW_ANSWERED;
    t->n.guessed += (f->notes & GAD_NOTE_GUESSED) != 0;
    bool is_attempt = gad_tcp_is_attempt(f->side);
    struct gad_flow_frame other;
    bool has_other = f->has_other_syn && (is_attempt || f->side[0].closed || f->side[1].closed);

    if (gad_flow_is_tcp(f)) {
        fill_tcp(t, flow, &c);
        remember(t, f, decided);
    } else {
        fill_udp(f, &c);
    }
    free_flow(t, flow);
    if (has_other) {
        uint64_t *n = f->other_syn_is_responders ? &c.dst_packets : &c.src_packets;
        *n -= *n > 0;
        other = gad_flow_frames_take_other(&t->frames, flow);
        emit_other_syn(t, f, &c, &other, decided, to);
    } else {
        gad_flow_emit(t, &c, decided, to);
    }
}
