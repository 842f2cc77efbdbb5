/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/flow/view.h"

#include <string.h>

enum { PACKED_STEP = 32, ALLOCATION = 16 /* as stream_memory.c counts it */ };

struct gad_inspect *gad_view_open(struct gad_view *v, struct gad_stream_memory *m)
{
    gad_inspect_unpack(m->work, v->packed);
    return m->work;
}

static void keep_result(struct gad_stream *s, struct gad_view *v)
{
    gad_content_max(&s->content, &v->content);
    gad_free(v->packed);
    v->packed = NULL;
    v->packed_room = 0;
    v->skip[0] = v->skip[1] = true;
}

/* Makes the memory of a packed inspector fit. It is rarely resized: a typed line grows slowly. */
static bool resize(struct gad_stream *s, struct gad_stream_memory *m, struct gad_view *v,
                   size_t len)
{
    size_t room = (len + PACKED_STEP - 1) / PACKED_STEP * PACKED_STEP;

    if (room <= v->packed_room && v->packed_room - room <= (size_t)2 * PACKED_STEP)
        return true;
    size_t had = v->packed ? v->packed_room + ALLOCATION : 0;
    if (room + ALLOCATION > had && room + ALLOCATION - had > m->max - m->used)
        return false;
    uint8_t *p = gad_realloc_array(v->packed, 1, room);
    if (!p)
        return false;
    v->packed = p;
    v->packed_room = (uint32_t)room;
    gad_stream_account(s, m);
    return true;
}

void gad_view_close(struct gad_stream *s, struct gad_stream_memory *m, struct gad_view *v)
{
    size_t len = gad_inspect_packed_len(m->work);

    if (!resize(s, m, v, len)) { /* what it has counted before this segment stays */
        keep_result(s, v);
        s->evicted = true;
        s->flow->notes |= GAD_NOTE_BLIND;
        m->evicted++;
        return;
    }
    gad_inspect_pack(m->work, v->packed);
    gad_inspect_result(m->work, &v->content);
    v->packed_len = (uint32_t)len;
    for (int way = 0; way < 2; way++)
        v->skip[way] = v->is_final || gad_inspect_skips(m->work, way == 0);
}

static void report_gap(struct gad_stream_memory *m, struct gad_view *v, int way, uint64_t len)
{
    v->next[way] += len;
    if (len == 0 || v->skip[way])
        return;
    m->gaps++;
    m->gap_bytes += len;
    gad_inspect_gap(m->work, way == 0, len);
}

/* The bytes before next, for a comparison with copies that come late. */
static void remember(struct gad_stream *s, int way, const uint8_t *p, size_t len)
{
    size_t keep = s->n_recent[way];

    if (len >= GAD_STREAM_RECENT) {
        p += len - GAD_STREAM_RECENT;
        len = GAD_STREAM_RECENT;
    }
    keep = keep < GAD_STREAM_RECENT - len ? keep : GAD_STREAM_RECENT - len;
    memmove(s->recent[way], s->recent[way] + s->n_recent[way] - keep, keep);
    memcpy(s->recent[way] + keep, p, len);
    s->n_recent[way] = (uint8_t)(keep + len);
}

/* Returns how many of the next bytes are inspected: the newest ones. */
static uint32_t take_budget(struct gad_stream *s, const struct gad_stream_memory *m, uint32_t len)
{
    if (m->now - s->filled >= GAD_STREAM_REFILL_NS) {
        s->left = s->bytes;
        s->filled = m->now;
    }
    uint32_t n = len <= s->left ? len : (uint32_t)s->left;
    s->left -= n;
    if (n < GAD_STREAM_NEWEST)
        n = len < GAD_STREAM_NEWEST ? len : GAD_STREAM_NEWEST;
    return n;
}

static void cut(struct gad_stream *s, struct gad_stream_memory *m, struct gad_view *v, int way,
                uint32_t len)
{
    if (len == 0)
        return;
    m->cut += !s->was_cut;
    m->cut_bytes += len;
    s->was_cut = true;
    s->n_recent[way] = 0;
    s->flow->notes |= GAD_NOTE_BLIND;
    v->next[way] += len;
    gad_inspect_gap(m->work, way == 0, len);
}

void gad_view_pass(struct gad_stream *s, struct gad_stream_memory *m, struct gad_view *v, int way,
                   const struct gad_segment *g)
{
    bool is_first = v == &s->first;

    s->progress = true;
    if (g->offset > v->next[way]) {
        report_gap(m, v, way, g->offset - v->next[way]);
        if (is_first)
            s->n_recent[way] = 0;
    }
    if (v->skip[way]) {
        v->next[way] += g->len;
        if (is_first)
            s->n_recent[way] = 0;
        return;
    }
    uint32_t n = take_budget(s, m, g->data_len);
    cut(s, m, v, way, g->data_len - n);
    if (n > 0) {
        const uint8_t *p = g->data + (g->data_len - n);
        v->next[way] += n;
        if (is_first)
            remember(s, way, p, n);
        if (!gad_inspect_bytes(m->work, way == 0, p, n))
            v->is_final = v->skip[0] = v->skip[1] = true;
    }
    report_gap(m, v, way, g->len - g->data_len);
    if (is_first && g->len > g->data_len)
        s->n_recent[way] = 0;
}

/* Returns the bytes of a held piece from `from` up to `to`. */
static struct gad_segment part_of(const struct gad_held_piece *g, uint64_t from, uint64_t to)
{
    uint32_t skip = (uint32_t)(from - g->offset), len = (uint32_t)(to - from);
    uint32_t captured = skip < g->data_len ? g->data_len - skip : 0;

    return (struct gad_segment){.offset = from,
                                .data = g->data + (captured ? skip : 0),
                                .data_len = captured < len ? captured : len,
                                .len = len};
}

/* Can bytes of the first held piece be passed on, or is it of no use any more? */
static bool can_pass(const struct gad_view *v, int way, uint64_t bound, uint64_t holes)
{
    const struct gad_held_piece *g = v->held[way].first;

    if (!g || (g->offset > v->next[way] && g->offset > holes))
        return false;
    return bound > v->next[way] || g->offset + g->len <= v->next[way];
}

void gad_view_run(struct gad_stream *s, struct gad_stream_memory *m, struct gad_view *v, int way,
                  uint64_t bound, uint64_t holes)
{
    struct gad_held *h = &v->held[way];

    if (!can_pass(v, way, bound, holes))
        return;
    if (v->packed)
        (void)gad_view_open(v, m);
    while (can_pass(v, way, bound, holes)) {
        struct gad_held_piece *g = h->first;
        uint64_t from = g->offset > v->next[way] ? g->offset : v->next[way];
        uint64_t end = g->offset + g->len, to = end < bound ? end : bound;
        if (to > from) {
            struct gad_segment part = part_of(g, from, to);
            gad_view_pass(s, m, v, way, &part);
        }
        if (end > v->next[way])
            break; /* the rest is not acknowledged yet */
        gad_held_pop(h);
    }
    gad_stream_account(s, m);
    if (v->packed)
        gad_view_close(s, m, v);
}

struct gad_view *gad_view_last(struct gad_stream *s)
{
    struct gad_view *v = &s->first;

    while (v->later)
        v = v->later;
    return v;
}

static bool copy_held(struct gad_stream *s, struct gad_stream_memory *m, struct gad_view *v,
                      const struct gad_view *from, int way)
{
    bool good = gad_held_copy(&v->held[way], &from->held[way], m->max - m->used);

    gad_stream_account(s, m);
    return good;
}

struct gad_view *gad_view_fork(struct gad_stream *s, struct gad_stream_memory *m, bool with_held)
{
    struct gad_view *last = gad_view_last(s);

    if (s->n_views >= GAD_STREAM_VIEWS || !last->packed ||
        m->max - m->used < sizeof(*last) + (size_t)2 * ALLOCATION + last->packed_room)
        return NULL;
    struct gad_view *v = gad_calloc(1, sizeof(*v));
    uint8_t *packed = v ? gad_calloc(1, last->packed_room) : NULL;
    if (!packed) {
        gad_free(v);
        return NULL;
    }
    memcpy(packed, last->packed, last->packed_room);
    *v = (struct gad_view){.next = {last->next[0], last->next[1]},
                           .packed = packed,
                           .packed_room = last->packed_room,
                           .packed_len = last->packed_len,
                           .is_final = last->is_final,
                           .content = last->content,
                           .skip = {last->skip[0], last->skip[1]}};
    last->later = v;
    s->n_views++;
    gad_stream_account(s, m);
    if ((with_held && !copy_held(s, m, v, last, 0)) || !copy_held(s, m, v, last, 1)) {
        gad_view_drop(s, m, v);
        return NULL;
    }
    return v;
}

void gad_view_drop(struct gad_stream *s, struct gad_stream_memory *m, struct gad_view *v)
{
    gad_held_clear(&v->held[0]);
    gad_held_clear(&v->held[1]);
    keep_result(s, v);
    if (v != &s->first) {
        struct gad_view *before = &s->first;
        while (before->later != v)
            before = before->later;
        before->later = v->later;
        s->n_views--;
        gad_free(v);
    }
    gad_stream_account(s, m);
}

#define MAX(field) c->field = c->field > d->field ? c->field : d->field

void gad_content_max(struct gad_content *c, const struct gad_content *d)
{
    MAX(hot);
    MAX(num_failed_logins);
    MAX(num_compromised);
    MAX(num_root);
    MAX(num_file_creations);
    MAX(num_shells);
    MAX(num_access_files);
    MAX(num_outbound_cmds);
    MAX(logged_in);
    MAX(root_shell);
    MAX(su_attempted);
    MAX(is_host_login);
    MAX(is_guest_login);
    MAX(found);
}
