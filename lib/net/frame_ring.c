/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net/frame_ring.h"

#include <string.h>

#include "lib/net/steady.h"

/*
 * A reference is the number of bytes stored before the frame in its part, a multiple of 8, and in
 * its lowest bit the part. A frame does not continue from the end of the memory at its start.
 */
struct head {
    uint64_t before;
    int64_t time;
    uint64_t number;
    uint32_t len;
    uint32_t caplen : 19, link_type : 12, is_moved : 1; /* all link types that are read fit */
};

_Static_assert(sizeof(struct head) == GAD_FRAME_HEAD, "a head is four words");
_Static_assert((int)GAD_FRAME_RING_MIN / GAD_N_FRAME_PARTS >
                   (int)GAD_FRAME_SNAPLEN_MAX + (int)GAD_FRAME_HEAD + 8,
               "the longest frame fits into a part");

int gad_frame_ring_new(const struct gad_frame_ring_options *o, struct gad_frame_ring **ret)
{
    gad_cleanup(gad_frame_ring_freep) struct gad_frame_ring *r = NULL;
    size_t size = o->bytes / GAD_N_FRAME_PARTS / 8 * 8;

    if (o->bytes < GAD_FRAME_RING_MIN || o->snaplen == 0 || o->snaplen > GAD_FRAME_SNAPLEN_MAX)
        return GAD_EINVAL;
    r = gad_calloc(1, sizeof(*r));
    if (!r)
        return GAD_ENOMEM;
    r->memory = o->memory ? NULL : gad_calloc(o->bytes, 1); /* pages are touched when used */
    uint8_t *p = o->memory ? o->memory : r->memory;
    if (!p)
        return GAD_ENOMEM;
    for (size_t i = 0; i < GAD_N_FRAME_PARTS; i++) /* no reference is 0 */
        r->part[i] = (struct gad_frame_ring_part){.p = p + i * size, .size = size, .head = size};
    r->snaplen = o->snaplen;
    r->connection_max = o->connection_max;
    *ret = gad_steal(&r);
    return 0;
}

void gad_frame_ring_free(struct gad_frame_ring *r)
{
    if (!r)
        return;
    gad_free(r->memory);
    gad_free(r);
}

/* Returns the place of a frame of @len bytes, head included, and its reference. */
static uint8_t *take(struct gad_frame_ring *r, enum gad_frame_part part, size_t len,
                     uint64_t *ret_ref)
{
    struct gad_frame_ring_part *to = &r->part[part];

    len = (len + 7) / 8 * 8;
    if (len > to->size - to->at) {
        to->head += to->size - to->at;
        to->at = 0;
    }
    uint8_t *p = to->p + to->at;
    *ret_ref = to->head | part;
    to->head += len;
    to->at += len;
    __builtin_prefetch(to->p + to->at + 128, 1);
    __builtin_prefetch(to->p + to->at + 192, 1);
    return p;
}

uint64_t gad_frame_ring_store(struct gad_frame_ring *r, enum gad_frame_part part, uint64_t before,
                              uint32_t *bytes)
{
    const struct gad_frame *f = r->now;
    size_t caplen = f->caplen < r->snaplen ? f->caplen : r->snaplen;
    const struct head h = {.before = before,
                           .time = f->time.ns,
                           .number = f->number,
                           .len = (uint32_t)f->len, /* gad_decode() limits it */
                           .caplen = caplen & 0x7ffff,
                           .link_type = (unsigned)f->link_type & 0xfff};
    uint64_t ref;

    uint8_t *p = take(r, part, sizeof(h) + caplen, &ref);
    memcpy(p, &h, sizeof(h));
    memcpy(p + sizeof(h), f->data, caplen);
    *bytes += (uint32_t)(sizeof(h) + caplen);
    return ref;
}

/* Returns the place of a frame; NULL: it was overwritten, or @ref is 0. */
static uint8_t *find(const struct gad_frame_ring *r, uint64_t ref)
{
    const struct gad_frame_ring_part *in = &r->part[ref & 1];
    uint64_t at = ref & ~UINT64_C(1);

    if (at < in->size || at >= in->head || in->head - at > in->size)
        return NULL;
    return in->p + at % in->size;
}

uint64_t gad_frame_ring_copy(struct gad_frame_ring *r, enum gad_frame_part part, uint64_t ref,
                             uint64_t before)
{
    uint8_t *from = find(r, ref);
    uint64_t copy;
    struct head h;

    if (!from)
        return 0;
    memcpy(&h, from, sizeof(h));
    uint8_t *to = take(r, part, sizeof(h) + h.caplen, &copy);
    /* The frame can be one of those that its copy overwrites. */
    memmove(to + sizeof(h), from + sizeof(h), h.caplen);
    h.before = before;
    h.is_moved = 0;
    memcpy(to, &h, sizeof(h));
    return copy;
}

void gad_frame_ring_link(struct gad_frame_ring *r, uint64_t first, uint64_t before)
{
    uint8_t *p = find(r, first);

    if (p)
        memcpy(p + offsetof(struct head, before), &before, sizeof(before));
}

void gad_frame_ring_move(struct gad_frame_ring *r, uint64_t ref)
{
    uint8_t *p = find(r, ref);
    struct head h;

    if (!p)
        return;
    memcpy(&h, p, sizeof(h));
    h.is_moved = 1;
    memcpy(p, &h, sizeof(h));
}

bool gad_frame_ring_read(const struct gad_frame_ring *r, uint64_t ref, struct gad_stored_frame *ret)
{
    const uint8_t *p = find(r, ref);
    struct head h;

    if (!p)
        return false;
    memcpy(&h, p, sizeof(h));
    *ret = (struct gad_stored_frame){.before = h.before,
                                     .time = {h.time},
                                     .number = h.number,
                                     .data = p + sizeof(h),
                                     .caplen = h.caplen,
                                     .len = h.len,
                                     .link_type = h.link_type,
                                     .is_moved = h.is_moved != 0};
    return true;
}
