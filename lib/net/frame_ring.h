/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The latest frames of a capture, in a memory of fixed size. A stored frame has a reference, a
 * number that is never used again. It links to the frame before it of the same connection, so that
 * a chain from the last frame backwards has exactly the frames of that connection.
 *
 *     GAD_FRAMES_YOUNG  the first frames of each connection, fragments, ICMP
 *     GAD_FRAMES_GROWN  connections in which both sides spoke and the originator answered
 *
 * Each part has half of the memory. So a flood of single packets with forged sources only
 * overwrites the young part. A new frame overwrites the oldest ones of its part; a reference to an
 * overwritten frame is recognised.
 *
 * The decoder says which frame it decodes (gad_frame_ring_now()). The flow table, or the table of
 * fragments, learns what it belongs to and stores it. Frames that belong to nothing are not
 * copied.
 *
 * Thread: the caller's, one at a time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"

struct gad_frame;

enum gad_frame_part { GAD_FRAMES_YOUNG, GAD_FRAMES_GROWN, GAD_N_FRAME_PARTS };

enum {
    GAD_FRAME_RING_MIN = 1 << 20, /* bytes; holds the longest frame in each part */
    GAD_FRAME_HEAD = 32,          /* bytes that a stored frame takes besides its own */
    GAD_FRAME_SNAPLEN_MAX = 262144,
};

struct gad_frame_ring_options {
    void *memory;            /* (bytes), aligned to 8, the caller's; NULL: allocated */
    size_t bytes;            /* at least GAD_FRAME_RING_MIN */
    uint32_t snaplen;        /* bytes of a frame that are stored, 1 .. GAD_FRAME_SNAPLEN_MAX */
    uint32_t connection_max; /* bytes; frames of a connection beyond it are not stored */
};

struct gad_frame_ring_part {
    uint8_t *p;
    size_t size, at; /* at: of the next frame */
    uint64_t head;   /* bytes so far, size included; head % size = at */
};

struct gad_frame_ring {
    const struct gad_frame *now; /* being decoded */
    struct gad_frame_ring_part part[GAD_N_FRAME_PARTS];
    uint32_t snaplen, connection_max;
    void *memory; /* or NULL: the caller's */
};

/* A stored frame. */
struct gad_stored_frame {
    uint64_t before; /* reference of the one before it; 0: it is the first */
    struct gad_time time;
    uint64_t number;     /* as struct gad_packet has it */
    const uint8_t *data; /* (caplen), valid until the next frame is stored */
    uint32_t caplen, len;
    int link_type;
    bool is_moved; /* it now belongs to another connection, which has a copy */
};

int gad_frame_ring_new(const struct gad_frame_ring_options *o,
                       struct gad_frame_ring **ret) GAD_MUST_CHECK;
void gad_frame_ring_free(struct gad_frame_ring *r);
GAD_DEFINE_CLEANUP(struct gad_frame_ring, gad_frame_ring_free);

/* @f: lives until its packets were passed on. */
static inline void gad_frame_ring_now(struct gad_frame_ring *r, const struct gad_frame *f)
{
    r->now = f;
}

/* Stores the frame that is being decoded behind @before (0: none). Adds to *bytes what it takes.
 * Returns its reference. */
uint64_t gad_frame_ring_store(struct gad_frame_ring *r, enum gad_frame_part part, uint64_t before,
                              uint32_t *bytes);

/* Stores a frame of the ring once more; 0: it was overwritten. */
uint64_t gad_frame_ring_copy(struct gad_frame_ring *r, enum gad_frame_part part, uint64_t ref,
                             uint64_t before);

/* Puts a chain that begins with @first behind @before. */
void gad_frame_ring_link(struct gad_frame_ring *r, uint64_t first, uint64_t before);

/* The frame belongs to another connection. */
void gad_frame_ring_move(struct gad_frame_ring *r, uint64_t ref);

/* False: the frame was overwritten, or @ref is 0. */
bool gad_frame_ring_read(const struct gad_frame_ring *r, uint64_t ref,
                         struct gad_stored_frame *ret);
