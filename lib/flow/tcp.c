/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/flow/tcp.h"

/* Bro: TOO_LARGE_SEQ_DELTA. A SYN, RST or zero ACK that is farther away is more likely wrong than
 * large. */
enum { SEQ_DELTA_MAX = 1048576 };

static void set_state(struct gad_tcp_side *s, enum gad_tcp_state state)
{
    if (s->state == state)
        return;
    s->before = s->state;
    s->state = (uint8_t)state;
}

static void restart(struct gad_tcp_side *s, uint32_t start, uint32_t last)
{
    s->start = start;
    s->acked = 0;
    s->last = last - start;
}

/* Returns how far seq lies behind `at`, a distance from s->start. */
static int32_t ahead(const struct gad_tcp_side *s, uint64_t at, uint32_t seq)
{
    return (int32_t)(seq - (s->start + (uint32_t)at));
}

static void take_ack(struct gad_tcp_side *peer, uint32_t ack, uint8_t flags)
{
    if (peer->state == GAD_TCP_INACTIVE) { /* as if its SYN had been seen */
        restart(peer, ack - 1, ack - 1);
    } else if (!(flags & GAD_TCP_RST)) {
        int32_t delta = ahead(peer, peer->acked, ack);
        if (delta > 0 && !(ack == 0 && delta > SEQ_DELTA_MAX))
            peer->acked += (uint32_t)delta;
    }
}

static void take_last(struct gad_tcp_side *s, uint32_t last, uint8_t flags)
{
    int32_t delta = ahead(s, s->last, last);

    if ((flags & (GAD_TCP_SYN | GAD_TCP_RST)) && (delta > SEQ_DELTA_MAX || delta < -SEQ_DELTA_MAX))
        return;
    if ((flags & GAD_TCP_FIN) && s->last == 1) /* only SYN and FIN were seen, over 2 GB apart */
        s->last = last - s->start;
    else if (s->state != GAD_TCP_RESET && delta > 0)
        s->last += (uint32_t)delta;
}

/* The first SYN of a side. */
static void open_side(struct gad_tcp_side *s, struct gad_tcp_side *peer, bool from_originator,
                      uint8_t flags)
{
    if (from_originator) {
        set_state(s, flags & GAD_TCP_ACK ? GAD_TCP_SYN_ACK_SENT : GAD_TCP_SYN_SENT);
        return;
    }
    if (peer->state == GAD_TCP_SYN_SENT)
        set_state(peer, GAD_TCP_ESTABLISHED);
    set_state(s, GAD_TCP_ESTABLISHED);
}

/* Returns whether the side has ended. */
static bool from_inactive(struct gad_tcp_side *s, struct gad_tcp_side *peer, bool from_originator,
                          const struct gad_packet *p)
{
    uint8_t flags = p->tcp_flags;

    if (flags & GAD_TCP_SYN)
        open_side(s, peer, from_originator, flags);
    if (flags & GAD_TCP_FIN)
        set_state(s, GAD_TCP_CLOSED);
    if (flags & GAD_TCP_RST)
        set_state(s, GAD_TCP_RESET);
    /* Some hosts acknowledge a SYN before they answer it; that makes no partial connection. */
    if (s->state == GAD_TCP_INACTIVE &&
        (from_originator || p->len > 0 || peer->state != GAD_TCP_SYN_SENT))
        set_state(s, GAD_TCP_PARTIAL);
    return flags & (GAD_TCP_FIN | GAD_TCP_RST);
}

static bool from_syn_sent(struct gad_tcp_side *s, const struct gad_packet *p, uint32_t last)
{
    uint8_t flags = p->tcp_flags;

    if ((flags & GAD_TCP_SYN) && p->seq != s->start)
        restart(s, p->seq, last);
    if (flags & GAD_TCP_FIN)
        set_state(s, GAD_TCP_CLOSED);
    if (flags & GAD_TCP_RST)
        set_state(s, GAD_TCP_RESET);
    return flags & (GAD_TCP_FIN | GAD_TCP_RST);
}

static bool from_established(struct gad_tcp_side *s, struct gad_tcp_side *peer,
                             const struct gad_packet *p, uint32_t last)
{
    uint8_t flags = p->tcp_flags;

    if (flags & GAD_TCP_SYN) { /* this packet can open the connection instead of the one before */
        if (s->state == GAD_TCP_PARTIAL && peer->state == GAD_TCP_INACTIVE &&
            !(flags & GAD_TCP_ACK))
            set_state(s, GAD_TCP_SYN_SENT);
        restart(s, p->seq, last);
    }
    if (flags & GAD_TCP_RST) {
        set_state(s, GAD_TCP_RESET);
    } else if (flags & GAD_TCP_FIN) {
        set_state(s, GAD_TCP_CLOSED);
        if (peer->state == GAD_TCP_RESET && peer->before == GAD_TCP_CLOSED)
            set_state(peer, GAD_TCP_CLOSED); /* FIN, then RST, was a normal end after all */
    }
    return flags & (GAD_TCP_FIN | GAD_TCP_RST);
}

static enum gad_tcp_event end_side(struct gad_tcp_side *s, const struct gad_tcp_side *peer)
{
    if (s->closed)
        return GAD_TCP_NOTHING;
    s->closed = true;
    if (s->state == GAD_TCP_RESET || peer->closed || peer->state == GAD_TCP_INACTIVE)
        return GAD_TCP_ENDED;
    return s->before == GAD_TCP_INACTIVE ? GAD_TCP_HALF_SEEN : GAD_TCP_NOTHING;
}

static enum gad_tcp_event move(struct gad_tcp_side *s, struct gad_tcp_side *peer,
                               bool from_originator, const struct gad_packet *p, uint32_t last)
{
    bool at_end = false;

    switch (s->state) {
    case GAD_TCP_INACTIVE:
        at_end = from_inactive(s, peer, from_originator, p);
        break;
    case GAD_TCP_SYN_SENT:
    case GAD_TCP_SYN_ACK_SENT:
        at_end = from_syn_sent(s, p, last);
        break;
    case GAD_TCP_PARTIAL:
    case GAD_TCP_ESTABLISHED:
        at_end = from_established(s, peer, p, last);
        break;
    case GAD_TCP_CLOSED:
        if (!(p->tcp_flags & GAD_TCP_RST) || peer->state == GAD_TCP_CLOSED)
            return GAD_TCP_NOTHING;
        set_state(s, GAD_TCP_RESET);
        return GAD_TCP_RESET_AFTER;
    /* after a RST: a SYN shows that the RST, the first packet of this side, can have been forged */
    default:
        if ((p->tcp_flags & GAD_TCP_SYN) && s->before == GAD_TCP_INACTIVE)
            restart(s, p->seq, last);
    }
    return at_end ? end_side(s, peer) : GAD_TCP_NOTHING;
}

enum gad_tcp_event gad_tcp_packet(struct gad_tcp_side side[static 2], bool from_originator,
                                  const struct gad_packet *p)
{
    struct gad_tcp_side *s = &side[from_originator ? 0 : 1], *peer = &side[from_originator ? 1 : 0];
    uint8_t flags = p->tcp_flags;
    uint32_t last = p->seq + p->len;

    if (flags & GAD_TCP_SYN)
        last++;
    if (flags & GAD_TCP_FIN) {
        s->fin = true;
        last++;
    }
    if ((flags & GAD_TCP_RST) && p->len > 0) /* a reason as text, not part of the stream */
        last = p->seq;
    if (flags & GAD_TCP_ACK)
        take_ack(peer, p->ack, flags);
    if (s->state == GAD_TCP_INACTIVE)
        restart(s, flags & GAD_TCP_SYN ? p->seq : p->seq - 1, last);
    take_last(s, last, flags);
    return move(s, peer, from_originator, p, last);
}

bool gad_tcp_is_reuse(const struct gad_tcp_side side[static 2], const struct gad_packet *p)
{
    const struct gad_tcp_side *opener = &side[0];

    if (!(p->tcp_flags & GAD_TCP_SYN))
        return false;
    if (p->tcp_flags & GAD_TCP_ACK) {
        if (side[0].state != GAD_TCP_INACTIVE)
            return false;
        opener = &side[1];
    }
    return side[0].closed || side[1].closed || p->seq != opener->start;
}

static bool is_unseen(const struct gad_tcp_side *s)
{
    return s->state == GAD_TCP_INACTIVE || s->state == GAD_TCP_PARTIAL;
}

static enum gad_conn_state after_reset(const struct gad_tcp_side *o, const struct gad_tcp_side *r)
{
    if (r->state != GAD_TCP_RESET)
        return is_unseen(r) ? GAD_CONN_RSTOS0 : GAD_CONN_RSTO;
    if (o->state == GAD_TCP_SYN_SENT || o->state == GAD_TCP_SYN_ACK_SENT ||
        (o->state == GAD_TCP_RESET && gad_tcp_bytes(o) == 0 && gad_tcp_bytes(r) == 0))
        return GAD_CONN_REJ;
    return is_unseen(o) ? GAD_CONN_RSTRH : GAD_CONN_RSTR;
}

enum gad_conn_state gad_tcp_conn_state(const struct gad_tcp_side side[static 2])
{
    const struct gad_tcp_side *o = &side[0], *r = &side[1];

    if (o->state == GAD_TCP_RESET || r->state == GAD_TCP_RESET)
        return after_reset(o, r);
    if (o->state == GAD_TCP_CLOSED && r->state == GAD_TCP_CLOSED)
        return GAD_CONN_SF;
    if (o->state == GAD_TCP_CLOSED)
        return is_unseen(r) ? GAD_CONN_SH : GAD_CONN_S2;
    if (r->state == GAD_TCP_CLOSED)
        return is_unseen(o) ? GAD_CONN_SHR : GAD_CONN_S3;
    if (o->state == GAD_TCP_SYN_SENT && r->state == GAD_TCP_INACTIVE)
        return GAD_CONN_S0;
    if (o->state == GAD_TCP_ESTABLISHED && r->state == GAD_TCP_ESTABLISHED)
        return GAD_CONN_S1;
    return GAD_CONN_OTH;
}

uint64_t gad_tcp_bytes(const struct gad_tcp_side *side)
{
    uint64_t n = side->last > side->acked ? side->last : side->acked;

    n -= n > 0; /* the SYN */
    n -= n > 0 && side->fin;
    return n;
}

int64_t gad_tcp_offset(const struct gad_tcp_side *side, const struct gad_packet *p)
{
    uint32_t seq = p->seq + (p->tcp_flags & GAD_TCP_SYN ? 1 : 0);

    return (int64_t)side->last + ahead(side, side->last, seq);
}
