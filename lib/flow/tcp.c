/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/flow/tcp.h"

/* Numbers that are farther away are more likely wrong than the result of loss. Bro's
 * TOO_LARGE_SEQ_DELTA; as much as most receivers' windows. */
enum { FAR = 1048576 };

static void set_state(struct gad_tcp_side *s, enum gad_tcp_state state)
{
    if (s->state == state)
        return;
    s->before = s->state;
    s->state = (uint8_t)state;
}

/* Numbers a side from its SYN, or from the number before its first byte. @last: a distance. */
static void number(struct gad_tcp_side *s, uint32_t start, uint32_t last)
{
    s->start = start;
    s->last = last;
    s->unacked = last > 1 ? last - 1 : 0;
    s->is_numbered = true;
    s->doubt_is = GAD_TCP_SURE;
    s->doubt_fin = false;
}

static int64_t offset(const struct gad_tcp_side *s, uint32_t seq)
{
    return (int64_t)s->last + (int32_t)(seq - gad_tcp_next(s));
}

static bool is_near(uint32_t x, uint32_t y)
{
    int32_t d = (int32_t)(x - y);
    return d >= -FAR && d <= FAR;
}

/* A side that was seen without its SYN, and nothing of it but acknowledgements: its number can be
 * that of a keepalive, one before the next byte. */
static bool is_unsure_by_one(const struct gad_tcp_side *s)
{
    return s->state == GAD_TCP_PARTIAL && s->last == 1;
}

/* --- the end of a side --- */

static unsigned end_side(struct gad_tcp_side *s, const struct gad_tcp_side *peer)
{
    if (s->closed)
        return 0;
    s->closed = true;
    if (s->state == GAD_TCP_RESET || peer->closed || peer->state == GAD_TCP_INACTIVE)
        return GAD_TCP_ENDED;
    return s->before == GAD_TCP_INACTIVE ? GAD_TCP_HALF_SEEN : 0;
}

static unsigned close_side(struct gad_tcp_side *s, struct gad_tcp_side *peer)
{
    s->fin = true;
    s->doubt_fin = false;
    s->doubt_is = GAD_TCP_SURE;
    if (s->state == GAD_TCP_RESET || s->state == GAD_TCP_CLOSED)
        return 0;
    set_state(s, GAD_TCP_CLOSED);
    if (peer->state == GAD_TCP_RESET && peer->before == GAD_TCP_CLOSED)
        set_state(peer, GAD_TCP_CLOSED); /* FIN, then RST, was a normal end after all */
    return end_side(s, peer);
}

static unsigned reset_side(struct gad_tcp_side *s, const struct gad_tcp_side *peer)
{
    s->doubt_rst = s->after_rst = false;
    s->doubt_is = GAD_TCP_SURE;
    s->doubt = gad_tcp_next(peer);
    if (s->state == GAD_TCP_CLOSED) {
        set_state(s, GAD_TCP_RESET);
        return GAD_TCP_RESET_AFTER;
    }
    set_state(s, GAD_TCP_RESET);
    return end_side(s, peer);
}

/* The RST was not believed by its receiver, and its sender continues. */
static unsigned revoke_reset(struct gad_tcp_side *s)
{
    enum gad_tcp_state state = s->before;

    s->before = GAD_TCP_RESET;
    s->state = (uint8_t)state;
    s->closed = state == GAD_TCP_CLOSED;
    s->after_rst = false;
    return GAD_TCP_REVOKED;
}

/* --- acknowledgements --- */

/* Both sides agree that the numbers of s continue at `next`. Bytes in between count, except
 * backwards: then the distances stay, and the numbers are shifted. */
static void jump(struct gad_tcp_side *s, uint32_t next)
{
    int32_t ahead = (int32_t)(next - gad_tcp_next(s));

    if (ahead > 0)
        s->last += (uint32_t)ahead;
    else
        s->start += (uint32_t)ahead;
    s->unacked = 0;
}

static unsigned settle(struct gad_tcp_side *s, struct gad_tcp_side *peer)
{
    if (s->doubt_is != GAD_TCP_DOUBT_SEGMENT || offset(s, s->doubt) > (int64_t)s->last)
        return 0;
    bool is_fin = s->doubt_fin && s->doubt == gad_tcp_next(s);
    s->doubt_is = GAD_TCP_SURE;
    s->doubt_fin = false;
    return is_fin ? close_side(s, peer) : 0;
}

/* Another SYN+ACK was the one that the originator took. */
static bool take_other_syn(struct gad_tcp_side *a, struct gad_tcp_side *sender, uint32_t ack,
                           unsigned *effect)
{
    if (a->doubt_is != GAD_TCP_DOUBT_SYN || ack != a->doubt)
        return false;
    if (a->state == GAD_TCP_RESET) {
        *effect |= revoke_reset(a);
        set_state(a, GAD_TCP_ESTABLISHED);
        if (sender->state == GAD_TCP_SYN_SENT)
            set_state(sender, GAD_TCP_ESTABLISHED);
    }
    number(a, ack - 1, 1);
    return true;
}

/* Acknowledges numbers of `a`, beyond those that were seen. */
static unsigned ack_ahead(struct gad_tcp_side *a, struct gad_tcp_side *sender, uint32_t ack)
{
    bool is_far = offset(a, ack) - (int64_t)a->last > FAR;

    if (a->state == GAD_TCP_RESET) {
        if (!a->after_rst || is_far)
            return is_far ? GAD_TCP_DROPPED | GAD_TCP_WRONG : 0;
        jump(a, ack);
        return revoke_reset(a);
    }
    if (!is_far && is_unsure_by_one(a) && ack == gad_tcp_next(a) + 1) {
        a->start++;
        return 0;
    }
    if (a->doubt_is == GAD_TCP_DOUBT_SEGMENT && is_near(ack, a->doubt)) {
        jump(a, ack);
        return settle(a, sender);
    }
    a->doubt = ack;
    a->doubt_is = GAD_TCP_DOUBT_ACK;
    return is_far ? GAD_TCP_DROPPED | GAD_TCP_WRONG : 0;
}

/* @sender: of the ACK. */
static unsigned take_ack(struct gad_tcp_side *a, struct gad_tcp_side *sender, uint32_t ack)
{
    unsigned effect = 0;

    if (a->state == GAD_TCP_INACTIVE) { /* only its number; Bro counts no bytes of an unseen side */
        number(a, ack - 1, 1);
        return 0;
    }
    if (take_other_syn(a, sender, ack, &effect))
        return effect;
    int64_t at = offset(a, ack), acked = (int64_t)gad_tcp_acked(a);
    if (at > (int64_t)a->last)
        return ack_ahead(a, sender, ack);
    if (at < acked - FAR) {
        if (a->doubt_is != GAD_TCP_DOUBT_SEGMENT || !is_near(ack, a->doubt))
            return GAD_TCP_DROPPED | GAD_TCP_WRONG;
        jump(a, ack);
        return settle(a, sender);
    }
    if (at > acked)
        a->unacked = (uint32_t)((int64_t)a->last - at);
    return 0;
}

/* --- segments --- */

/* A segment that does not continue what was seen. */
static void doubt_segment(struct gad_tcp_side *s, const struct gad_tcp_side *peer, uint32_t seq,
                          uint32_t end, bool fin)
{
    if (s->state == GAD_TCP_RESET)
        return;
    bool follows = s->doubt_is == GAD_TCP_DOUBT_SEGMENT && seq == s->doubt;
    if (follows && peer->state == GAD_TCP_INACTIVE) { /* no ACK of the peer will be seen */
        jump(s, end);
        s->doubt_is = GAD_TCP_SURE;
        return;
    }
    if (s->doubt_is == GAD_TCP_DOUBT_SEGMENT && is_near(s->doubt, seq) &&
        (int32_t)(end - s->doubt) < 0)
        return; /* a part of what is in doubt already */
    s->doubt = end;
    s->doubt_is = GAD_TCP_DOUBT_SEGMENT;
    s->doubt_fin = fin;
}

/* A segment that continues or repeats what was seen. */
static unsigned take_next(struct gad_tcp_side *s, struct gad_tcp_side *peer, int64_t at,
                          uint32_t len, bool fin)
{
    int64_t end = at + len + fin, fresh = end - (int64_t)s->last;

    if (s->state == GAD_TCP_RESET) {
        s->after_rst |= fresh > 0;
        return 0;
    }
    if (fresh <= 0) {
        s->doubt_fin |= fin && fresh == 0 && !s->fin && s->doubt_is == GAD_TCP_SURE;
        return 0;
    }
    bool is_fin = fin && !s->fin;
    s->last += (uint64_t)fresh;
    s->unacked += (uint32_t)fresh;
    if (s->doubt_is == GAD_TCP_DOUBT_ACK) { /* confirmed by these bytes, or contradicted */
        int64_t left = (int64_t)s->last - offset(s, s->doubt);
        if (left >= 0 && left < s->unacked)
            s->unacked = (uint32_t)left;
        s->doubt_is = GAD_TCP_SURE;
    }
    unsigned effect = settle(s, peer);
    if (s->doubt_is == GAD_TCP_SURE || !s->doubt_fin || !is_near(s->doubt, gad_tcp_next(s))) {
        s->doubt_is = GAD_TCP_SURE; /* its sender continues here */
        s->doubt_fin = false;
    }
    return effect | (is_fin ? close_side(s, peer) : 0);
}

static unsigned take_bytes(struct gad_tcp_side *s, struct gad_tcp_side *peer,
                           const struct gad_packet *p)
{
    bool fin = (p->tcp_flags & GAD_TCP_FIN) != 0;
    uint32_t end = p->seq + p->len + fin;
    int64_t at = offset(s, p->seq), ahead = at - (int64_t)s->last;

    if (ahead > 0 && s->doubt_is == GAD_TCP_DOUBT_ACK && is_near(p->seq, s->doubt)) {
        jump(s, s->doubt); /* the peer acknowledged what lies before */
        s->doubt_is = GAD_TCP_SURE;
        at = offset(s, p->seq);
        ahead = at - (int64_t)s->last;
    }
    if (ahead == 1 && is_unsure_by_one(s)) {
        s->start++;
        ahead = 0;
        at = (int64_t)s->last;
    }
    if (ahead <= 0 && ahead >= -FAR)
        return take_next(s, peer, at, p->len, fin);
    bool is_far = ahead > FAR || ahead < 0;
    if (p->len > 0 || fin || is_far)
        doubt_segment(s, peer, p->seq, end, fin);
    return is_far ? GAD_TCP_DROPPED | GAD_TCP_WRONG : 0;
}

/* One byte of zero before the next one, RFC 1122 section 4.2.3.6. */
static bool is_keepalive(const struct gad_packet *p)
{
    return p->len == 1 && !(p->tcp_flags & (GAD_TCP_PSH | GAD_TCP_FIN)) && p->data_len == 1 &&
           p->data[0] == 0;
}

/* The first packet seen of a side, without a SYN. */
static unsigned first_segment(struct gad_tcp_side *s, struct gad_tcp_side *peer,
                              bool from_originator, const struct gad_packet *p)
{
    bool fin = (p->tcp_flags & GAD_TCP_FIN) != 0;

    /* Some hosts acknowledge a SYN before they answer it; that makes no partial connection. */
    if (!from_originator && p->len == 0 && !fin && peer->state == GAD_TCP_SYN_SENT)
        return 0;
    if (!s->is_numbered || !is_near(p->seq, gad_tcp_next(s)))
        number(s, is_keepalive(p) ? p->seq : p->seq - 1, 1);
    unsigned effect = take_bytes(s, peer, p);
    if (s->state == GAD_TCP_INACTIVE)
        set_state(s, GAD_TCP_PARTIAL);
    return effect;
}

/* A host that sent a RST acknowledges nothing that its peer sent later. */
static bool is_alive_after_rst(const struct gad_tcp_side *s, const struct gad_tcp_side *peer,
                               const struct gad_packet *p)
{
    return s->state == GAD_TCP_RESET && (int32_t)(p->ack - s->doubt) > 0 &&
           offset(peer, p->ack) <= (int64_t)peer->last && is_near(p->seq, gad_tcp_next(s));
}

static unsigned take_segment(struct gad_tcp_side *s, struct gad_tcp_side *peer,
                             bool from_originator, const struct gad_packet *p)
{
    bool has_ack = (p->tcp_flags & GAD_TCP_ACK) != 0;
    unsigned effect = 0;

    if (!has_ack && peer->state > GAD_TCP_SYN_ACK_SENT && s->state > GAD_TCP_SYN_ACK_SENT)
        return GAD_TCP_DROPPED; /* RFC 9293 section 3.10.7.4, fifth */
    if (has_ack && is_alive_after_rst(s, peer, p))
        effect |= revoke_reset(s);
    if (has_ack)
        effect |= take_ack(peer, s, p->ack);
    if (effect & GAD_TCP_DROPPED)
        return effect;
    s->doubt_rst = false;
    if (s->state == GAD_TCP_INACTIVE)
        return effect | first_segment(s, peer, from_originator, p);
    return effect | take_bytes(s, peer, p);
}

/* --- RST --- */

/* RFC 5961 section 3.2: at the number that the receiver expects, which lies between what it has
 * acknowledged and what was seen. RFC 9293 section 3.10.7.3: in reply to a SYN, by its ACK. */
static bool is_expected_rst(const struct gad_tcp_side *s, const struct gad_tcp_side *peer,
                            const struct gad_packet *p)
{
    if (s->state != GAD_TCP_INACTIVE) {
        int64_t at = offset(s, p->seq);
        return at >= (int64_t)gad_tcp_acked(s) && at <= (int64_t)s->last;
    }
    if (peer->state == GAD_TCP_SYN_SENT || peer->state == GAD_TCP_SYN_ACK_SENT) {
        int64_t at = offset(peer, p->ack);
        return (p->tcp_flags & GAD_TCP_ACK) && at >= 1 && at <= (int64_t)peer->last;
    }
    return !s->is_numbered || offset(s, p->seq) == (int64_t)s->last;
}

static unsigned take_rst(struct gad_tcp_side *s, struct gad_tcp_side *peer,
                         const struct gad_packet *p)
{
    if (s->state == GAD_TCP_RESET || (s->state == GAD_TCP_CLOSED && peer->state == GAD_TCP_CLOSED))
        return 0;
    if (!is_expected_rst(s, peer, p)) {
        s->doubt_rst = true;
        return GAD_TCP_DROPPED | GAD_TCP_WRONG;
    }
    if (!s->is_numbered)
        number(s, p->seq - 1, 1);
    if (!peer->is_numbered && (p->tcp_flags & GAD_TCP_ACK))
        number(peer, p->ack - 1, 1);
    return reset_side(s, peer);
}

/* --- SYN --- */

static bool acks_syn(const struct gad_tcp_side *peer, const struct gad_packet *p)
{
    int64_t at = offset(peer, p->ack);
    return (p->tcp_flags & GAD_TCP_ACK) && at >= 1 && at <= (int64_t)peer->last;
}

/* The first packet of a side. */
static unsigned open_side(struct gad_tcp_side *s, struct gad_tcp_side *peer, bool from_originator,
                          const struct gad_packet *p)
{
    uint8_t flags = p->tcp_flags;
    bool has_ack = (flags & GAD_TCP_ACK) != 0, fin = (flags & GAD_TCP_FIN) != 0;
    bool is_attempted = peer->state == GAD_TCP_SYN_SENT || peer->state == GAD_TCP_SYN_ACK_SENT;

    if (!from_originator && is_attempted && has_ack && !acks_syn(peer, p))
        return GAD_TCP_DROPPED | GAD_TCP_WRONG;
    number(s, p->seq, 1 + p->len + fin);
    if (has_ack)
        (void)take_ack(peer, s, p->ack);
    if (from_originator)
        set_state(s, has_ack ? GAD_TCP_SYN_ACK_SENT : GAD_TCP_SYN_SENT);
    else if (is_attempted && !has_ack) /* simultaneous open, RFC 9293 figure 8 */
        set_state(s, GAD_TCP_SYN_SENT);
    else {
        if (peer->state == GAD_TCP_SYN_SENT)
            set_state(peer, GAD_TCP_ESTABLISHED);
        set_state(s, GAD_TCP_ESTABLISHED);
    }
    unsigned effect = fin ? close_side(s, peer) : 0;
    return flags & GAD_TCP_RST ? effect | reset_side(s, peer) : effect;
}

static unsigned take_syn(struct gad_tcp_side *s, struct gad_tcp_side *peer, bool from_originator,
                         const struct gad_packet *p)
{
    bool has_ack = (p->tcp_flags & GAD_TCP_ACK) != 0;

    if (s->state == GAD_TCP_INACTIVE)
        return open_side(s, peer, from_originator, p);
    if (s->state == GAD_TCP_PARTIAL && peer->state == GAD_TCP_INACTIVE && !has_ack) {
        number(s, p->seq, 1 + p->len); /* it opens the connection instead of the one before */
        set_state(s, GAD_TCP_SYN_SENT);
        return 0;
    }
    bool answers = has_ack && acks_syn(peer, p);
    if (s->state == GAD_TCP_SYN_SENT && p->seq == s->start && answers) {
        set_state(s, GAD_TCP_ESTABLISHED);
        if (peer->state == GAD_TCP_SYN_SENT)
            set_state(peer, GAD_TCP_ESTABLISHED);
        return take_ack(peer, s, p->ack);
    }
    if (s->state == GAD_TCP_PARTIAL && answers && peer->state == GAD_TCP_SYN_SENT) {
        number(s, p->seq, 1 + p->len); /* what came before was not the responder's */
        set_state(s, GAD_TCP_ESTABLISHED);
        set_state(peer, GAD_TCP_ESTABLISHED);
        return take_ack(peer, s, p->ack) | GAD_TCP_RENUMBERED;
    }
    if (p->seq == s->start)
        return 0;
    bool is_first = s->last <= 1 || (s->state == GAD_TCP_RESET && s->before == GAD_TCP_INACTIVE);
    if (answers && !from_originator && is_first) {
        s->doubt = p->seq + 1;
        s->doubt_is = GAD_TCP_DOUBT_SYN;
    }
    return GAD_TCP_DROPPED | GAD_TCP_WRONG;
}

unsigned gad_tcp_packet(struct gad_tcp_side side[static 2], bool from_originator,
                        const struct gad_packet *p)
{
    struct gad_tcp_side *s = &side[from_originator ? 0 : 1], *peer = &side[from_originator ? 1 : 0];

    if (p->tcp_flags & GAD_TCP_SYN)
        return take_syn(s, peer, from_originator, p);
    if (p->tcp_flags & GAD_TCP_RST)
        return take_rst(s, peer, p);
    return take_segment(s, peer, from_originator, p);
}

bool gad_tcp_was_open(const struct gad_tcp_side side[static 2])
{
    for (int i = 0; i < 2; i++) {
        const struct gad_tcp_side *s = &side[i];
        uint8_t state = s->state >= GAD_TCP_CLOSED ? s->before : s->state;
        if (state < GAD_TCP_PARTIAL)
            return false;
    }
    return true;
}

enum gad_tcp_syn gad_tcp_syn(const struct gad_tcp_side side[static 2], bool from_originator,
                             const struct gad_packet *p)
{
    const struct gad_tcp_side *s = &side[from_originator ? 0 : 1];
    const struct gad_tcp_side *peer = &side[from_originator ? 1 : 0];
    bool has_ended = side[0].closed || side[1].closed;

    if (!(p->tcp_flags & GAD_TCP_SYN))
        return GAD_TCP_SYN_BELONGS;
    if (p->tcp_flags & GAD_TCP_ACK) {
        bool is_other = has_ended || p->seq != side[1].start;
        return side[0].state == GAD_TCP_INACTIVE && is_other ? GAD_TCP_SYN_OPENS
                                                             : GAD_TCP_SYN_BELONGS;
    }
    if (side[0].state == GAD_TCP_CLOSED && side[1].state == GAD_TCP_CLOSED)
        return GAD_TCP_SYN_OPENS;
    if (has_ended && !gad_tcp_was_open(side))
        return GAD_TCP_SYN_OPENS;
    if (s->state == GAD_TCP_INACTIVE)
        return peer->state == GAD_TCP_SYN_SENT || (s->is_numbered && p->seq == s->start)
                   ? GAD_TCP_SYN_BELONGS
                   : GAD_TCP_SYN_OPENS;
    if (p->seq == s->start)
        return GAD_TCP_SYN_BELONGS;
    return s->state == GAD_TCP_PARTIAL && peer->state == GAD_TCP_INACTIVE ? GAD_TCP_SYN_OPENS
                                                                          : GAD_TCP_SYN_DOUBTED;
}

void gad_tcp_restart(struct gad_tcp_side *originator, uint32_t start)
{
    number(originator, start, 1);
    originator->state = GAD_TCP_SYN_SENT;
    originator->before = GAD_TCP_INACTIVE;
}

static void finish_side(struct gad_tcp_side *s)
{
    bool is_number = s->doubt_is == GAD_TCP_DOUBT_SEGMENT || s->doubt_is == GAD_TCP_DOUBT_ACK;

    if (s->state < GAD_TCP_RESET && is_number && is_near(s->doubt, gad_tcp_next(s)) &&
        (int32_t)(s->doubt - gad_tcp_next(s)) > 0) {
        jump(s, s->doubt);
        s->fin |= s->doubt_fin;
    }
    if (s->doubt_rst)
        set_state(s, GAD_TCP_RESET);
    else if (s->doubt_fin && s->state < GAD_TCP_CLOSED)
        set_state(s, GAD_TCP_CLOSED);
}

void gad_tcp_finish(struct gad_tcp_side side[static 2])
{
    finish_side(&side[0]);
    finish_side(&side[1]);
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
    if (o->state == GAD_TCP_SYN_SENT &&
        (r->state == GAD_TCP_INACTIVE || r->state == GAD_TCP_SYN_SENT))
        return GAD_CONN_S0;
    if (o->state == GAD_TCP_ESTABLISHED && r->state == GAD_TCP_ESTABLISHED)
        return GAD_CONN_S1;
    return GAD_CONN_OTH;
}

uint64_t gad_tcp_bytes(const struct gad_tcp_side *side)
{
    uint64_t n = side->last;

    n -= n > 0; /* the SYN */
    n -= n > 0 && side->fin;
    return n;
}

int64_t gad_tcp_offset(const struct gad_tcp_side *side, const struct gad_packet *p)
{
    return offset(side, p->seq + (p->tcp_flags & GAD_TCP_SYN ? 1 : 0));
}
