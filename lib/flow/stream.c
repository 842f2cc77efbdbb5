/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/flow/stream.h"

#include <limits.h>
#include <string.h>

#include "lib/flow/view.h"

/* Enough for a view with a packed inspector, and for how much that grows by one segment. */
enum { ROOM = sizeof(struct gad_view) + 512, GROWTH = 1024 };

/* Begins the inspection in the first view. @before: the features of an earlier part, or NULL. */
static bool begin(struct gad_stream *s, struct gad_stream_memory *m,
                  const struct gad_content *before)
{
    struct gad_view *v = &s->first;

    gad_inspect_begin(m->work, s->app, before);
    uint64_t evicted = m->evicted;
    gad_view_close(s, m, v);
    if (v->packed)
        return true;
    m->evicted = evicted; /* it had none */
    return false;
}

struct gad_stream *gad_stream_new(struct gad_stream_memory *m, struct gad_flow *flow,
                                  enum gad_app app, uint64_t bytes)
{
    if (!m->work && gad_inspect_new(app, &m->work) != 0)
        return NULL;
    if (!gad_stream_make_room(m, NULL, sizeof(struct gad_stream) + ROOM))
        return NULL;
    struct gad_stream *s = gad_calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    *s = (struct gad_stream){.flow = flow,
                             .first.next = {1, 1},
                             .n_views = 1,
                             .app = app,
                             .bytes = bytes,
                             .left = bytes,
                             .filled = m->now};
    gad_stream_link(s, m, true);
    if (begin(s, m, NULL))
        return s;
    gad_stream_free(s, m);
    return NULL;
}

static void drop_views(struct gad_stream *s, struct gad_stream_memory *m)
{
    while (s->first.later)
        gad_view_drop(s, m, s->first.later);
    gad_view_drop(s, m, &s->first);
    s->waiting = false;
}

void gad_stream_stop(struct gad_stream *s, struct gad_stream_memory *m)
{
    drop_views(s, m);
    gad_stream_unlink(s, m);
    gad_stream_link(s, m, false);
}

void gad_stream_free(struct gad_stream *s, struct gad_stream_memory *m)
{
    if (!s)
        return;
    drop_views(s, m);
    gad_stream_unlink(s, m);
    gad_free(s);
}

/* Continues an evicted inspection with the bytes that follow. */
static void revive(struct gad_stream *s, struct gad_stream_memory *m)
{
    struct gad_content before = s->content;

    gad_stream_unlink(s, m);
    gad_stream_link(s, m, true);
    s->first.is_final = false;
    s->n_recent[0] = s->n_recent[1] = 0;
    s->evicted = false;
    if (!begin(s, m, &before))
        gad_stream_stop(s, m);
}

static bool are_alike(const struct gad_view *v, const struct gad_view *w)
{
    for (int way = 0; way < 2; way++)
        if (v->next[way] != w->next[way] || v->held[way].first || w->held[way].first)
            return false;
    return v->packed && w->packed && v->packed_len == w->packed_len &&
           memcmp(v->packed, w->packed, v->packed_len) == 0;
}

/* After each segment: views that are alike become one, and a stream without a view ends. */
static void settle(struct gad_stream *s, struct gad_stream_memory *m)
{
    bool ended = true;

    if (s->n_views > 1 && !s->waiting) {
        struct gad_view *v = &s->first;
        while (v->later->later)
            v = v->later;
        if (are_alike(v, v->later))
            gad_view_drop(s, m, v->later);
    }
    for (const struct gad_view *v = &s->first; v; v = v->later)
        ended &= v->skip[0] && v->skip[1];
    if (ended && s->is_live)
        gad_stream_stop(s, m);
    gad_stream_touch(s, m);
}

/* Are bytes of a way passed on only when they are acknowledged? */
static bool waits(const struct gad_stream *s, int way)
{
    return way == 0 || s->n_views > 1;
}

/* Returns the part of a segment from an offset up to another one; its length can be 0. */
static struct gad_segment clip(struct gad_segment g, uint64_t from, uint64_t to)
{
    if (g.offset < from) {
        uint64_t skip = from - g.offset < g.len ? from - g.offset : g.len;
        uint32_t captured = skip < g.data_len ? (uint32_t)skip : g.data_len;
        g.offset += skip;
        g.len -= (uint32_t)skip;
        g.data_len -= captured;
        g.data = g.data_len > 0 ? g.data + captured : NULL;
    }
    if (g.offset + g.len > to) {
        g.len = to > g.offset ? (uint32_t)(to - g.offset) : 0;
        g.data_len = g.data_len < g.len ? g.data_len : g.len;
    }
    return g;
}

static void mark_ambiguous(struct gad_stream *s, struct gad_stream_memory *m)
{
    m->ambiguous += !(s->flow->notes & GAD_NOTE_AMBIGUOUS);
    s->flow->notes |= GAD_NOTE_AMBIGUOUS;
}

/* Returns whether a segment differs from bytes that were passed on a short time ago. */
static bool differs_from_recent(const struct gad_stream *s, int way, const struct gad_segment *g)
{
    uint64_t next = s->first.next[way];
    struct gad_segment had = {.offset = next - s->n_recent[way], .len = s->n_recent[way]};
    struct gad_segment part = clip(*g, had.offset, next);

    for (uint32_t i = 0; i < part.data_len; i++)
        if (part.data[i] != s->recent[way][part.offset - had.offset + i])
            return true;
    return false;
}

/* The first view has passed on other bytes, which the receiver has not acknowledged: another view
 * goes back to them. What was counted since is in both. */
static void go_back(struct gad_stream *s, struct gad_stream_memory *m, int way, uint64_t to)
{
    struct gad_view *v = s->n_views == 1 ? gad_view_fork(s, m, true) : NULL;

    if (!v)
        return;
    gad_inspect_gap(gad_view_open(v, m), way == 0, 1);
    gad_view_close(s, m, v);
    v->next[way] = to;
}

/* Looks for an earlier copy with other bytes. */
static void compare(struct gad_stream *s, struct gad_stream_memory *m, int way,
                    const struct gad_segment *g, uint64_t acked)
{
    struct gad_view *last = gad_view_last(s);
    struct gad_segment open = clip(*g, last->next[way], UINT64_MAX);
    unsigned replaced = 0;

    if (gad_held_differs(&last->held[way], &open, &replaced)) {
        m->conflicts++;
        mark_ambiguous(s, m);
        if (replaced + 1 >= s->n_views && !gad_view_fork(s, m, true))
            s->flow->notes |= GAD_NOTE_BLIND; /* one copy is not seen by any view */
        return;
    }
    if (s->n_recent[way] == 0 || g->offset >= s->first.next[way])
        return;
    open = clip(*g, acked, UINT64_MAX);
    if (differs_from_recent(s, way, &open)) {
        m->conflicts++;
        mark_ambiguous(s, m);
        go_back(s, m, way, open.offset);
    } else if (differs_from_recent(s, way, g)) {
        bool is_keepalive = g->len == 1 && g->offset + 1 == s->first.next[way];
        m->conflicts += !is_keepalive; /* the receiver drops it */
    }
}

static void pass_now(struct gad_stream *s, struct gad_stream_memory *m, struct gad_view *v, int way,
                     const struct gad_segment *g)
{
    (void)gad_view_open(v, m);
    gad_view_pass(s, m, v, way, g);
    gad_view_close(s, m, v);
}

static bool hold(struct gad_stream *s, struct gad_stream_memory *m, struct gad_view *v, int way,
                 const struct gad_segment *g, unsigned replace)
{
    size_t held = v->held[0].cost + v->held[1].cost;
    size_t room = held < GAD_STREAM_HELD_MAX ? GAD_STREAM_HELD_MAX - held : 0;

    room = room < m->max - m->used ? room : m->max - m->used;
    bool good = gad_held_add(&v->held[way], g, replace, room);
    gad_stream_account(s, m);
    return good;
}

/* Too much is held: passes on what was not acknowledged, then gives up holes. */
static void overflow(struct gad_stream *s, struct gad_stream_memory *m, struct gad_view *v, int way,
                     const struct gad_segment *g, uint64_t acked)
{
    bool was_behind = v->next[way] <= acked;

    if (way == 0 && s->n_views == 1 && was_behind && gad_view_fork(s, m, false))
        s->waiting = true; /* for other copies of what is passed on now */
    gad_view_run(s, m, v, way, UINT64_MAX, acked);
    while (v->held[way].first && v->packed) {
        struct gad_segment rest = clip(*g, v->next[way], UINT64_MAX);
        if (rest.len == 0 || hold(s, m, v, way, &rest, 0))
            return;
        gad_view_run(s, m, v, way, UINT64_MAX, v->held[way].first->offset);
    }
}

/* Needs only the order of the bytes, in case the inspector needs some again. */
static void skip(struct gad_view *v, int way, const struct gad_segment *g, uint64_t acked)
{
    uint64_t end = g->offset + g->len;

    if (v->next[way] < acked)
        v->next[way] = acked;
    if (g->offset <= v->next[way] && v->next[way] < end)
        v->next[way] = end;
}

static void add(struct gad_stream *s, struct gad_stream_memory *m, struct gad_view *v, int way,
                struct gad_segment g, uint64_t acked, unsigned replace)
{
    uint64_t bound = waits(s, way) ? acked : UINT64_MAX;

    if (v->skip[way]) {
        gad_held_clear(&v->held[way]);
        skip(v, way, &g, acked);
        s->n_recent[way] = 0;
        s->progress = true;
        return;
    }
    g = clip(g, v->next[way], UINT64_MAX);
    if (g.len == 0)
        return;
    bool is_next = g.offset == v->next[way] && !v->held[way].first;
    if (is_next && g.offset + g.len <= bound) {
        pass_now(s, m, v, way, &g);
        return;
    }
    if (!hold(s, m, v, way, &g, replace)) {
        overflow(s, m, v, way, &g, acked);
        g = clip(g, v->next[way], UINT64_MAX);
        if (v->packed && !v->held[way].first && g.len > 0) /* not even this segment can wait */
            pass_now(s, m, v, way, &g);
    }
    gad_view_run(s, m, v, way, bound, acked);
}

/* The last view waits only for copies of what the first one has passed on. */
static struct gad_segment for_view(struct gad_stream *s, const struct gad_view *v, int way,
                                   const struct gad_segment *g)
{
    if (!s->waiting || !(v != &s->first && way == 0))
        return *g;
    struct gad_segment late = clip(*g, v->next[0], s->first.next[0]);
    s->waiting = late.len == 0;
    return late;
}

static void add_to_all(struct gad_stream *s, struct gad_stream_memory *m, int way,
                       const struct gad_segment *g, uint64_t acked)
{
    unsigned replace = 0;

    for (struct gad_view *v = &s->first, *later; v; v = later) {
        struct gad_segment part = for_view(s, v, way, g);
        later = v->later;
        if (part.len > 0)
            add(s, m, v, way, part, acked, later ? replace : UINT_MAX);
        replace++;
    }
}

void gad_stream_data(struct gad_stream *s, struct gad_stream_memory *m, int way, int64_t offset,
                     const uint8_t *data, uint32_t data_len, uint32_t len, uint64_t acked)
{
    uint64_t far = s->first.next[way] > acked ? s->first.next[way] : acked;

    if (offset + (int64_t)len <= 1 || offset > (int64_t)(far + GAD_STREAM_AHEAD_MAX))
        return;
    size_t need = (gad_held_cost(data_len) + GROWTH) * s->n_views;
    (void)gad_stream_make_room(m, s, need); /* else less is held */
    if (!s->is_live && s->evicted)
        revive(s, m);
    if (!s->is_live)
        return;
    uint32_t before = offset < 1 ? (uint32_t)(1 - offset) : 0; /* in place of the SYN */
    uint32_t captured = before < data_len ? before : data_len;
    struct gad_segment g = {.offset = (uint64_t)(offset + before),
                            .data = data_len > captured ? data + captured : NULL,
                            .data_len = data_len - captured,
                            .len = len - before};
    compare(s, m, way, &g, acked);
    add_to_all(s, m, way, &g, acked);
    settle(s, m);
}

void gad_stream_acked(struct gad_stream *s, struct gad_stream_memory *m, int way, uint64_t acked)
{
    bool any = false;

    for (struct gad_view *v = &s->first; v; v = v->later) {
        any |= v->held[way].first != NULL;
        gad_view_run(s, m, v, way, waits(s, way) ? acked : UINT64_MAX, acked);
    }
    if (s->waiting && way == 0 && acked > gad_view_last(s)->next[0]) {
        gad_view_drop(s, m, gad_view_last(s)); /* no other copies came before */
        s->waiting = false;
        any = true;
    }
    if (any)
        settle(s, m);
}

void gad_stream_finish(struct gad_stream *s, struct gad_stream_memory *m)
{
    for (int way = 0; way < 2; way++)
        for (struct gad_view *v = &s->first; v; v = v->later)
            gad_view_run(s, m, v, way, UINT64_MAX, UINT64_MAX);
    settle(s, m);
}

bool gad_stream_take_endpoint(struct gad_stream *s, struct gad_stream_memory *m,
                              struct gad_ftp_endpoint *ret)
{
    bool taken = false, is_ftp = (s->app & GAD_APP_WITHOUT_FLAGS) == GAD_APP_FTP;

    for (struct gad_view *v = &s->first; v && !taken; v = v->later) {
        if (!v->packed || !(is_ftp || v->content.found == GAD_FOUND_FTP))
            continue;
        taken = gad_inspect_take_endpoint(gad_view_open(v, m), ret);
        if (taken)
            gad_view_close(s, m, v);
    }
    return taken;
}

void gad_stream_result(const struct gad_stream *s, struct gad_content *ret)
{
    *ret = s->content;
    for (const struct gad_view *v = &s->first; v; v = v->later)
        gad_content_max(ret, &v->content);
}
