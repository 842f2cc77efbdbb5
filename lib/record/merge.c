/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/record/merge.h"

/* A ring that grows:  first .. first + n, item i in item[i % room] */
struct queue {
    struct gad_merge_item *item;
    size_t first, n, room; /* room: a power of two, or 0 */
    struct gad_time reached;
    bool ended, idle;
};

struct gad_merge {
    struct gad_time taken; /* of the last record taken */
    size_t n;
    struct queue source[];
};

enum { ROOM_FIRST = 16 };

int gad_merge_new(size_t n, struct gad_merge **ret)
{
    gad_assert(n >= 1 && n <= GAD_MERGE_SOURCES_MAX);
    struct gad_merge *m = gad_calloc(1, sizeof(*m) + n * sizeof(m->source[0]));

    if (!m)
        return GAD_ENOMEM;
    m->n = n;
    m->taken.ns = INT64_MIN;
    for (size_t i = 0; i < n; i++)
        m->source[i].reached.ns = INT64_MIN;
    *ret = m;
    return 0;
}

void gad_merge_free(struct gad_merge *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < m->n; i++)
        gad_free(m->source[i].item);
    gad_free(m);
}

static struct gad_merge_item *item_at(const struct queue *q, size_t i)
{
    return &q->item[(q->first + i) & (q->room - 1)];
}

static int grow(struct queue *q)
{
    size_t room = q->room ? 2 * q->room : ROOM_FIRST;
    struct gad_merge_item *item = gad_calloc(room, sizeof(*item));

    if (!item)
        return GAD_ENOMEM;
    for (size_t i = 0; i < q->n; i++)
        item[i] = *item_at(q, i);
    gad_free(q->item);
    q->item = item;
    q->room = room;
    q->first = 0;
    return 0;
}

struct gad_record *gad_merge_put(struct gad_merge *m, size_t source, struct gad_time decided)
{
    gad_assert(source < m->n && !m->source[source].ended);
    struct queue *q = &m->source[source];

    if (q->n == q->room && grow(q) != 0)
        return NULL;
    gad_merge_reach(m, source, decided);
    struct gad_merge_item *item = item_at(q, q->n++);
    item->decided = q->reached;
    item->source = source;
    return &item->rec;
}

void gad_merge_reach(struct gad_merge *m, size_t source, struct gad_time now)
{
    gad_assert(source < m->n);
    if (now.ns > m->source[source].reached.ns)
        m->source[source].reached = now;
}

static bool none_has_records(const struct gad_merge *m)
{
    for (size_t i = 0; i < m->n; i++)
        if (m->source[i].n > 0 || !(m->source[i].idle || m->source[i].ended))
            return false;
    return true;
}

void gad_merge_set_idle(struct gad_merge *m, size_t source, bool idle)
{
    gad_assert(source < m->n);
    struct queue *q = &m->source[source];

    if (q->idle && !idle && none_has_records(m))
        m->taken.ns = q->reached.ns = INT64_MIN;
    q->idle = idle;
    if (!idle)
        gad_merge_reach(m, source, m->taken);
}

void gad_merge_end(struct gad_merge *m, size_t source)
{
    gad_assert(source < m->n);
    m->source[source].ended = true;
}

/* Returns the earliest time at which a source can still have a record; false: none will follow. */
static bool earliest(const struct queue *q, struct gad_time *ret)
{
    if (q->n > 0)
        *ret = item_at(q, 0)->decided;
    else
        *ret = q->reached;
    return q->n > 0 || !(q->ended || q->idle);
}

struct gad_merge_item *gad_merge_take(struct gad_merge *m)
{
    struct queue *best = NULL;
    struct gad_time best_time = {0};

    for (size_t i = 0; i < m->n; i++) {
        struct gad_time t;
        if (earliest(&m->source[i], &t) && (!best || t.ns < best_time.ns)) {
            best = &m->source[i];
            best_time = t;
        }
    }
    if (!best || best->n == 0)
        return NULL;
    struct gad_merge_item *item = item_at(best, 0);
    m->taken = item->decided;
    best->first = (best->first + 1) & (best->room - 1);
    best->n--;
    return item;
}

size_t gad_merge_slowest(const struct gad_merge *m)
{
    size_t slowest = m->n;

    for (size_t i = 0; i < m->n; i++)
        if (!m->source[i].ended && !m->source[i].idle &&
            (slowest == m->n || m->source[i].reached.ns < m->source[slowest].reached.ns))
            slowest = i;
    return slowest;
}
