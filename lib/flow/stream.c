/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/flow/stream.h"

#include <string.h>

struct segment {
    struct segment *next;
    uint64_t offset;
    uint32_t len, data_len;
    uint8_t data[];
};

struct gad_stream {
    struct gad_inspect *in; /* NULL: inspection has ended, and content is the result */
    struct gad_content content;
    uint64_t next[2];        /* offset of the next byte */
    struct segment *held[2]; /* in order of offset, all beyond next */
    size_t held_len;
    size_t inspect_len;
    uint64_t left; /* bytes still to inspect */
};

static size_t cost_of(const struct segment *g)
{
    return sizeof(*g) + g->data_len;
}

struct gad_stream *gad_stream_new(struct gad_stream_memory *m, enum gad_app app, uint64_t bytes)
{
    size_t len = gad_inspect_size(app);

    if (m->used > m->max || m->max - m->used < len + sizeof(struct gad_stream))
        return NULL;
    struct gad_stream *s = gad_calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    *s = (struct gad_stream){.next = {1, 1}, .left = bytes, .inspect_len = len};
    if (gad_inspect_new(app, &s->in) != 0) {
        gad_free(s);
        return NULL;
    }
    m->used += len + sizeof(*s);
    return s;
}

static struct segment *pop(struct gad_stream *s, struct gad_stream_memory *m, int way)
{
    struct segment *g = s->held[way];

    s->held[way] = g->next;
    s->held_len -= cost_of(g);
    m->used -= cost_of(g);
    return g;
}

/* Ends the inspection and keeps only its result. */
static void stop(struct gad_stream *s, struct gad_stream_memory *m)
{
    if (!s->in)
        return;
    gad_inspect_result(s->in, &s->content);
    gad_inspect_free(s->in);
    s->in = NULL;
    m->used -= s->inspect_len;
    for (int way = 0; way < 2; way++)
        while (s->held[way])
            gad_free(pop(s, m, way));
}

void gad_stream_free(struct gad_stream *s, struct gad_stream_memory *m)
{
    if (!s)
        return;
    stop(s, m);
    m->used -= sizeof(*s);
    gad_free(s);
}

static void report_gap(struct gad_stream *s, struct gad_stream_memory *m, int way, uint64_t len)
{
    if (len == 0 || !s->in)
        return;
    s->next[way] += len;
    m->gaps++;
    m->gap_bytes += len;
    gad_inspect_gap(s->in, way == 0, len);
}

/* Passes on the next (len) bytes of a way, data_len of which were captured. */
static void deliver(struct gad_stream *s, struct gad_stream_memory *m, int way, const uint8_t *data,
                    uint32_t data_len, uint32_t len)
{
    bool more = true;

    if (!s->in)
        return;
    s->next[way] += data_len;
    if (data_len > s->left) {
        m->cut++;
        data_len = (uint32_t)s->left;
        more = false;
    }
    s->left -= data_len;
    if (data_len > 0 && !gad_inspect_bytes(s->in, way == 0, data, data_len))
        more = false;
    if (!more)
        stop(s, m);
    else if (len > data_len)
        report_gap(s, m, way, len - data_len);
}

/* Passes on the new part of a segment that starts at or before the next byte. */
static void deliver_rest(struct gad_stream *s, struct gad_stream_memory *m, int way, int64_t offset,
                         const uint8_t *data, uint32_t data_len, uint32_t len)
{
    uint64_t known = s->next[way] - (uint64_t)offset; /* modulo 2^64, not negative */

    if (known >= len)
        return;
    uint32_t skip = (uint32_t)known, skip_data = skip < data_len ? skip : data_len;
    deliver(s, m, way, skip_data ? data + skip_data : data, data_len - skip_data, len - skip);
}

/* Passes on held segments that are next by now. */
static void drain(struct gad_stream *s, struct gad_stream_memory *m, int way)
{
    while (s->held[way] && s->held[way]->offset <= s->next[way]) {
        struct segment *g = pop(s, m, way);
        deliver_rest(s, m, way, (int64_t)g->offset, g->data, g->data_len, g->len);
        gad_free(g);
    }
}

/* Gives up the first hole and passes on the bytes behind it. */
static void skip_hole(struct gad_stream *s, struct gad_stream_memory *m, int way, uint64_t to)
{
    if (s->held[way] && s->held[way]->offset < to)
        to = s->held[way]->offset;
    report_gap(s, m, way, to - s->next[way]);
    drain(s, m, way);
}

static bool hold(struct gad_stream *s, struct gad_stream_memory *m, int way, uint64_t offset,
                 const uint8_t *data, uint32_t data_len, uint32_t len)
{
    struct segment **at = &s->held[way];
    size_t cost = sizeof(**at) + data_len;

    while (*at && (*at)->offset < offset)
        at = &(*at)->next;
    if (*at && (*at)->offset == offset && (*at)->len >= len)
        return true; /* a repetition */
    if (s->held_len + cost > GAD_STREAM_HELD_MAX || m->used + cost > m->max)
        return false;
    struct segment *g = gad_calloc(1, cost);
    if (!g)
        return false;
    *g = (struct segment){*at, offset, len, data_len};
    if (data_len > 0)
        memcpy(g->data, data, data_len);
    *at = g;
    s->held_len += cost;
    m->used += cost;
    return true;
}

void gad_stream_data(struct gad_stream *s, struct gad_stream_memory *m, int way, int64_t offset,
                     const uint8_t *data, uint32_t data_len, uint32_t len, uint64_t acked)
{
    uint64_t far = s->next[way] > acked ? s->next[way] : acked;

    if (!s->in || offset + (int64_t)len <= (int64_t)s->next[way])
        return;
    if (offset > (int64_t)(far + GAD_STREAM_AHEAD_MAX))
        return;
    if (offset > (int64_t)s->next[way]) {
        if (hold(s, m, way, (uint64_t)offset, data, data_len, len)) {
            gad_stream_acked(s, m, way, acked);
            return;
        }
        while (s->in && offset > (int64_t)s->next[way])
            skip_hole(s, m, way, (uint64_t)offset);
    }
    if (s->in)
        deliver_rest(s, m, way, offset, data, data_len, len);
    drain(s, m, way);
    gad_stream_acked(s, m, way, acked);
}

void gad_stream_acked(struct gad_stream *s, struct gad_stream_memory *m, int way, uint64_t acked)
{
    while (s->held[way] && s->held[way]->offset <= acked)
        skip_hole(s, m, way, s->held[way]->offset);
}

void gad_stream_finish(struct gad_stream *s, struct gad_stream_memory *m)
{
    for (int way = 0; way < 2; way++)
        gad_stream_acked(s, m, way, UINT64_MAX);
}

bool gad_stream_take_endpoint(struct gad_stream *s, struct gad_ftp_endpoint *ret)
{
    return s->in && gad_inspect_take_endpoint(s->in, ret);
}

void gad_stream_result(const struct gad_stream *s, struct gad_content *ret)
{
    if (s->in)
        gad_inspect_result(s->in, ret);
    else
        *ret = s->content;
}
