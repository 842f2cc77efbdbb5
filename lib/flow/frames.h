/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which frames belong to each flow: the number of its first one, and with a frame ring the chain of
 * all of them. Beside the flows, whose three cache lines are full.
 *
 * The packets that a flow counts are those of its chain. A SYN that does not belong to the flow is
 * counted in it until the SYN is answered or the flow ends (opening.c). Its frame then moves: the
 * chain of the other connection begins with a copy of it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/flow/flow.h"
#include "lib/net/packet.h"

struct gad_frame_ring;

struct gad_flow_frame {
    uint64_t number; /* as the caller numbers frames */
    uint64_t ref;    /* in the ring; 0: none */
};

/* Of one flow, half a cache line. */
struct gad_flow_chain {
    uint64_t first; /* number of its first frame */
    uint64_t last;  /* reference of its last stored one; 0: none */
    uint64_t other; /* the SYN that does not belong: its reference; without a ring its number */
    uint32_t bytes; /* that its frames take in the ring */
    bool is_grown;  /* its frames go to GAD_FRAMES_GROWN */
};

struct gad_flow_frames {
    struct gad_frame_ring *ring;   /* or NULL */
    struct gad_flow_chain *chains; /* (max_flows + 1) */
    uint64_t stored, skipped;
};

int gad_flow_frames_init(struct gad_flow_frames *t, struct gad_frame_ring *ring,
                         size_t max_flows) GAD_MUST_CHECK;
void gad_flow_frames_deinit(struct gad_flow_frames *t);

/* With a ring, for the following. */
void gad_flow_frames_store(struct gad_flow_frames *t, uint32_t flow, const struct gad_flow *f,
                           const struct gad_packet *p);
uint64_t gad_flow_frames_store_single(struct gad_flow_frames *t, const struct gad_packet *p);

static inline void gad_flow_frames_begin(struct gad_flow_frames *t, uint32_t flow,
                                         const struct gad_packet *p)
{
    t->chains[flow] = (struct gad_flow_chain){.first = p->number};
}

static inline void gad_flow_frames_prefetch(const struct gad_flow_frames *t, uint32_t flow)
{
    __builtin_prefetch(&t->chains[flow], 1);
}

/* After the flow has counted the packet. */
static inline void gad_flow_frames_add(struct gad_flow_frames *t, uint32_t flow,
                                       const struct gad_flow *f, const struct gad_packet *p)
{
    if (t->ring)
        gad_flow_frames_store(t, flow, f, p);
}

/* The frame of a message that is a connection. */
static inline uint64_t gad_flow_frames_single(struct gad_flow_frames *t, const struct gad_packet *p)
{
    return t->ring ? gad_flow_frames_store_single(t, p) : 0;
}

/* A SYN that does not belong to the flow, which has counted it. */
void gad_flow_frames_add_other(struct gad_flow_frames *t, uint32_t flow, const struct gad_flow *f,
                               const struct gad_packet *p);
/* That SYN leaves the flow. */
struct gad_flow_frame gad_flow_frames_take_other(struct gad_flow_frames *t, uint32_t flow);
/* A flow that has begun begins with that SYN. */
void gad_flow_frames_put_other(struct gad_flow_frames *t, uint32_t flow,
                               const struct gad_flow_frame *other);

static inline uint64_t gad_flow_frames_first(const struct gad_flow_frames *t, uint32_t flow)
{
    return t->chains[flow].first;
}

static inline uint64_t gad_flow_frames_last(const struct gad_flow_frames *t, uint32_t flow)
{
    return t->chains[flow].last;
}
