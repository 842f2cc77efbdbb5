/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/flow/frames.h"

#include "lib/base/mem.h"
#include "lib/net/frame_ring.h"

enum { MOVED_MAX = 8 }; /* frames of a young flow that move to the grown part: a handshake */

int gad_flow_frames_init(struct gad_flow_frames *t, struct gad_frame_ring *ring, size_t max_flows)
{
    t->ring = ring;
    t->chains = gad_calloc(max_flows + 1, sizeof(*t->chains)); /* at most GAD_FLOWS_MAX */
    return t->chains ? 0 : GAD_ENOMEM;
}

void gad_flow_frames_deinit(struct gad_flow_frames *t)
{
    gad_free(t->chains);
}

/* Both sides sent, and the originator again: a forged source does not do that. What the flow has in
 * the young part is copied, so that a flood there does not overwrite it. */
static void grow(struct gad_flow_frames *t, struct gad_flow_chain *c)
{
    uint64_t ref[MOVED_MAX], at = c->last;
    struct gad_stored_frame one;
    size_t n = 0;

    c->is_grown = true;
    while (n < MOVED_MAX && gad_frame_ring_read(t->ring, at, &one)) {
        ref[n++] = at;
        at = one.before;
    }
    uint64_t last = at; /* older ones stay where they are */
    while (n > 0) {
        uint64_t copy = gad_frame_ring_copy(t->ring, GAD_FRAMES_GROWN, ref[--n], last);
        if (c->other != 0 && ref[n] == c->other)
            c->other = copy;
        last = copy != 0 ? copy : last;
    }
    c->last = last;
}

void gad_flow_frames_store(struct gad_flow_frames *t, uint32_t flow, const struct gad_flow *f,
                           const struct gad_packet *p)
{
    struct gad_flow_chain *c = &t->chains[flow];

    if (c->bytes >= t->ring->connection_max) {
        t->skipped++;
        return;
    }
    if (!c->is_grown && f->packets[0] > 1 && f->packets[1] > 0)
        grow(t, c);
    if (p->frames_last != 0) {
        gad_frame_ring_link(t->ring, p->frames_first, c->last);
        c->last = p->frames_last;
        c->bytes += p->frames_bytes;
        return;
    }
    c->last = gad_frame_ring_store(t->ring, c->is_grown ? GAD_FRAMES_GROWN : GAD_FRAMES_YOUNG,
                                   c->last, &c->bytes);
    t->stored++;
}

uint64_t gad_flow_frames_store_single(struct gad_flow_frames *t, const struct gad_packet *p)
{
    uint32_t bytes = 0;

    if (p->frames_last != 0)
        return p->frames_last;
    t->stored++;
    return gad_frame_ring_store(t->ring, GAD_FRAMES_YOUNG, 0, &bytes);
}

void gad_flow_frames_add_other(struct gad_flow_frames *t, uint32_t flow, const struct gad_flow *f,
                               const struct gad_packet *p)
{
    struct gad_flow_chain *c = &t->chains[flow];
    uint64_t before = c->last;

    c->other = p->number;
    if (!t->ring)
        return;
    gad_flow_frames_store(t, flow, f, p);
    /* A SYN in fragments is several frames: it stays with the flow. */
    c->other = c->last != before && p->frames_last == 0 ? c->last : 0;
}

struct gad_flow_frame gad_flow_frames_take_other(struct gad_flow_frames *t, uint32_t flow)
{
    struct gad_flow_chain *c = &t->chains[flow];
    struct gad_flow_frame other = {.number = t->ring ? 0 : c->other};
    struct gad_stored_frame stored;

    if (t->ring && gad_frame_ring_read(t->ring, c->other, &stored)) {
        other.number = stored.number;
        other.ref = gad_frame_ring_copy(t->ring, GAD_FRAMES_YOUNG, c->other, 0);
        gad_frame_ring_move(t->ring, c->other);
    }
    c->other = 0;
    return other;
}

void gad_flow_frames_put_other(struct gad_flow_frames *t, uint32_t flow,
                               const struct gad_flow_frame *other)
{
    t->chains[flow].first = other->number;
    t->chains[flow].last = other->ref;
}
