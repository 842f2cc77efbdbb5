/* SPDX-License-Identifier: Apache-2.0 */
/* How flows leave the table. */

#include "lib/flow/inspection.h"

/* No record of KDD99 with one of these has bytes, or content. */
static bool is_no_connection(enum gad_conn_state s)
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
    gad_flow_inspect_end(t, flow, !is_no_connection(c->state), &c->content);
    if (is_no_connection(c->state))
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

static void forget(struct gad_flow_table *t, uint32_t flow)
{
    struct gad_flow *f = &t->flows[flow];

    gad_flow_index_remove(&t->index, f->tag, flow);
    f->next = t->free;
    t->free = flow;
    t->n.flows--;
}

static void hand_out(struct gad_flow_table *t, struct gad_conn *c, int64_t decided,
                     struct gad_flow_sink to)
{
    t->decided = decided > t->decided ? decided : t->decided;
    c->decided.ns = t->decided;
    t->n.ended++;
    to.fn(to.arg, c);
}

void gad_flow_end(struct gad_flow_table *t, uint32_t flow, int64_t decided, bool evicted,
                  struct gad_flow_sink to)
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
        .evicted = evicted,
    };

    if (gad_flow_is_tcp(f))
        fill_tcp(t, flow, &c);
    else
        fill_udp(f, &c);
    forget(t, flow);
    hand_out(t, &c, decided, to);
}

void gad_flow_expire(struct gad_flow_table *t, struct gad_flow_sink to)
{
    uint64_t until = (uint64_t)t->clock.now >> GAD_WHEEL_TICK_SHIFT;
    uint32_t flow;

    while ((flow = gad_wheel_next(&t->wheel, until)) != 0) {
        gad_flow_index_prefetch(&t->index,
                                t->flows[t->wheel.due].tag); /* the next one's; 0: some */
        gad_flow_end(t, flow, gad_wheel_end(gad_wheel_tick(t->flows[flow].due)), false, to);
    }
}

void gad_flow_flush(struct gad_flow_table *t, gad_conn_fn *fn, void *arg)
{
    uint32_t flow;

    while ((flow = gad_wheel_next(&t->wheel, UINT64_MAX - 1)) != 0)
        gad_flow_end(t, flow, t->clock.now, false, (struct gad_flow_sink){fn, arg});
    t->wheel.cursor = ((uint64_t)t->clock.now >> GAD_WHEEL_TICK_SHIFT) + 1; /* more may come */
}

void gad_flow_icmp(struct gad_flow_table *t, const struct gad_packet *p, struct gad_flow_sink to)
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
    hand_out(t, &c, t->clock.now, to);
}
