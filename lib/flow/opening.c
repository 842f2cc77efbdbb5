/* SPDX-License-Identifier: Apache-2.0 */
/* Who opened a connection, and what a SYN does on ports that are in use. */
#include "lib/flow/parts.h"

enum { FIRST_UNPRIVILEGED = 1024, FLAGS = GAD_TCP_SYN | GAD_TCP_ACK | GAD_TCP_FIN | GAD_TCP_RST };

bool gad_flow_is_from_originator(const struct gad_flow_table *t, const struct gad_packet *p,
                                 bool src_is_b, const struct gad_lingering *e, bool *ret_guessed)
{
    uint16_t src = p->tuple.src_port, dst = p->tuple.dst_port;

    *ret_guessed = false;
    if (p->tuple.proto != GAD_IP_TCP)
        return true;
    if (p->tcp_flags & GAD_TCP_SYN)
        return (p->tcp_flags & FLAGS) != (GAD_TCP_SYN | GAD_TCP_ACK);
    if (e)
        return e->orig_is_b == src_is_b;
    *ret_guessed = true;
    bool src_named = gad_ports_is_named(&t->ports, GAD_IP_TCP, src);
    bool dst_named = gad_ports_is_named(&t->ports, GAD_IP_TCP, dst);
    if (src_named != dst_named)
        return dst_named;
    return src == dst || src > dst || src >= FIRST_UNPRIVILEGED;
}

/* The first packet was one of the responder: the guess about the originator was wrong. */
static void turn(struct gad_flow *f)
{
    const struct gad_tcp_side s = f->side[0];
    uint64_t n = f->packets[0];

    f->orig_is_b = !f->orig_is_b;
    f->side[0] = f->side[1];
    f->side[1] = s;
    f->packets[0] = f->packets[1];
    f->packets[1] = n;
    f->other_syn_is_responders = !f->other_syn_is_responders;
}

static enum gad_flow_syn belongs(struct gad_flow *f, const struct gad_packet *p,
                                 bool from_originator)
{
    bool is_guess = (f->notes & GAD_NOTE_GUESSED) != 0 && !(p->tcp_flags & GAD_TCP_ACK);

    if (!is_guess || (!from_originator && f->stream)) /* a stream cannot change its direction */
        return GAD_FLOW_SYN_BELONGS;
    if (!from_originator)
        turn(f);
    f->notes = (uint8_t)(f->notes & ~GAD_NOTE_GUESSED);
    return GAD_FLOW_SYN_BELONGS;
}

/* Anyone can send a SYN: it is counted in the flow until it is answered. A third attempt on the
 * same ports begins a flow all the same. */
static enum gad_flow_syn doubt(struct gad_flow_table *t, struct gad_flow *f,
                               const struct gad_packet *p, bool from_originator)
{
    if (f->has_other_syn && f->other_syn != p->seq && gad_tcp_is_attempt(f->side))
        return GAD_FLOW_SYN_OPENS;
    t->n.syns_wrong++;
    t->n.out_of_window++;
    f->has_other_syn = true;
    f->other_syn = p->seq;
    f->other_syn_is_responders = !from_originator;
    gad_flow_count(f, p, from_originator);
    return GAD_FLOW_SYN_COUNTED;
}

/* The SYN that did not belong is answered. */
static enum gad_flow_syn answered(struct gad_flow *f)
{
    f->has_other_syn = false;
    /* payload of the first SYN is not the new one's: it stays with that attempt */
    if (gad_tcp_is_attempt(f->side) && !f->other_syn_is_responders && !f->stream) {
        gad_tcp_restart(&f->side[0], f->other_syn);
        return GAD_FLOW_SYN_BELONGS;
    }
    f->packets[f->other_syn_is_responders]--; /* it is the first packet of the next flow */
    return GAD_FLOW_SYN_ANSWERED;
}

enum gad_flow_syn gad_flow_place_syn(struct gad_flow_table *t, struct gad_flow *f,
                                     const struct gad_packet *p, bool src_is_b)
{
    bool from_originator = src_is_b == f->orig_is_b;

    if (f->has_other_syn && (p->tcp_flags & FLAGS) == (GAD_TCP_SYN | GAD_TCP_ACK) &&
        from_originator == f->other_syn_is_responders && p->ack == f->other_syn + 1)
        return answered(f);
    switch (gad_tcp_syn(f->side, from_originator, p)) {
    case GAD_TCP_SYN_DOUBTED:
        return doubt(t, f, p, from_originator);
    case GAD_TCP_SYN_OPENS:
        return GAD_FLOW_SYN_OPENS;
    default:
        return belongs(f, p, from_originator);
    }
}
