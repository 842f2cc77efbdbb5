/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/flow/held.h"

#include <string.h>

#include "lib/base/mem.h"

enum { ALLOCATION = 16 }; /* bytes that the C library uses besides */

size_t gad_held_cost(uint32_t data_len)
{
    return sizeof(struct gad_held_piece) + ALLOCATION + data_len;
}

static uint64_t end_of(const struct gad_held_piece *g)
{
    return g->offset + g->len;
}

/* Returns the bytes of s from `from` up to `to`. */
static struct gad_segment part_of(const struct gad_segment *s, uint64_t from, uint64_t to)
{
    uint32_t skip = (uint32_t)(from - s->offset);
    uint32_t captured = skip < s->data_len ? s->data_len - skip : 0;
    struct gad_segment r = {.offset = from, .len = (uint32_t)(to - from)};

    r.data_len = captured < r.len ? captured : r.len;
    r.data = r.data_len > 0 ? s->data + skip : NULL;
    return r;
}

/* Inserts a piece between two others; `before` is NULL at the beginning. */
static bool insert(struct gad_held *h, struct gad_held_piece *before, const struct gad_segment *s,
                   size_t room, struct gad_held_piece **ret)
{
    size_t cost = gad_held_cost(s->data_len);
    struct gad_held_piece **at = before ? &before->next : &h->first;

    if (cost > room)
        return false;
    struct gad_held_piece *g = gad_calloc(1, sizeof(*g) + s->data_len);
    if (!g)
        return false;
    *g = (struct gad_held_piece){
        .next = *at, .offset = s->offset, .data_len = s->data_len, .len = s->len};
    if (s->data_len > 0)
        memcpy(g->data, s->data, s->data_len);
    *at = g;
    if (h->last == before)
        h->last = g;
    h->cost += cost;
    *ret = g;
    return true;
}

/* Stores the range of captured bytes that s and a piece have in common. False: no common byte. */
static bool common(const struct gad_held_piece *g, const struct gad_segment *s, uint64_t *ret_from,
                   size_t *ret_len)
{
    uint64_t from = g->offset > s->offset ? g->offset : s->offset;
    uint64_t end = g->offset + g->data_len, s_end = s->offset + s->data_len;

    end = end < s_end ? end : s_end;
    if (from >= end)
        return false;
    *ret_from = from;
    *ret_len = (size_t)(end - from);
    return true;
}

static bool piece_differs(const struct gad_held_piece *g, const struct gad_segment *s)
{
    uint64_t from;
    size_t len;

    return common(g, s, &from, &len) &&
           memcmp(g->data + (from - g->offset), s->data + (from - s->offset), len) != 0;
}

static void replace_bytes(struct gad_held_piece *g, const struct gad_segment *s, unsigned replace)
{
    uint64_t from;
    size_t len;

    if (g->replaced >= replace || !piece_differs(g, s) || !common(g, s, &from, &len))
        return;
    memcpy(g->data + (from - g->offset), s->data + (from - s->offset), len);
    g->replaced = (uint8_t)(g->replaced + (g->replaced < UINT8_MAX));
}

bool gad_held_add(struct gad_held *h, const struct gad_segment *s, unsigned replace, size_t room)
{
    uint64_t at = s->offset, end = s->offset + s->len;
    struct gad_held_piece *before = NULL, *g = h->first;
    size_t limit = h->cost + room;

    if (h->last && end_of(h->last) <= at) { /* most segments come in order */
        before = h->last;
        g = NULL;
    }
    for (; at < end; before = g, g = g->next) {
        uint64_t to = g && g->offset < end ? g->offset : end;
        if (at < to) { /* nothing is held between the pieces */
            struct gad_segment part = part_of(s, at, to);
            if (!insert(h, before, &part, limit - h->cost, &before))
                return false;
        }
        if (!g || g->offset >= end)
            break;
        replace_bytes(g, s, replace);
        at = end_of(g) > at ? end_of(g) : at;
    }
    return true;
}

bool gad_held_differs(const struct gad_held *h, const struct gad_segment *s, unsigned *ret_replaced)
{
    if (!h->last || end_of(h->last) <= s->offset)
        return false;
    for (const struct gad_held_piece *g = h->first; g && g->offset < s->offset + s->len;
         g = g->next) {
        if (!piece_differs(g, s))
            continue;
        *ret_replaced = g->replaced;
        return true;
    }
    return false;
}

bool gad_held_copy(struct gad_held *h, const struct gad_held *from, size_t room)
{
    size_t limit = h->cost + room;

    for (const struct gad_held_piece *g = from->first; g; g = g->next) {
        struct gad_segment s = {g->offset, g->data, g->data_len, g->len};
        struct gad_held_piece *copy;
        if (!insert(h, h->last, &s, limit - h->cost, &copy))
            return false;
        copy->replaced = g->replaced;
    }
    return true;
}

void gad_held_pop(struct gad_held *h)
{
    struct gad_held_piece *g = h->first;

    h->first = g->next;
    if (!h->first)
        h->last = NULL;
    h->cost -= gad_held_cost(g->data_len);
    gad_free(g);
}

void gad_held_clear(struct gad_held *h)
{
    while (h->first)
        gad_held_pop(h);
}
