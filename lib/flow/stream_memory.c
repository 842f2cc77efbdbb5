/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/flow/view.h"

enum { ALLOCATION = 16 };      /* bytes that the C library uses besides */
enum { TOUCH_NS = 128 << 20 }; /* progress within this time does not move a stream */
enum { HASH_BITS = 5 };

_Static_assert(1 << HASH_BITS == GAD_STREAM_LISTS, "the hash gives this number of lists");

/* By source address; of IPv6, by its first 64 bits. Without a secret, because results must not
 * depend on one: who chooses an address to meet another's list only shares its memory. */
static uint8_t list_of(const struct gad_flow *f)
{
    uint64_t word = f->orig_is_b ? f->key.b[0] : f->key.a[0];

    word = (word ^ word >> 32) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint8_t)(word >> (64 - HASH_BITS));
}

static struct gad_stream_list *list(struct gad_stream_memory *m, const struct gad_stream *s)
{
    return (s->is_live ? m->live : m->ended) + s->list;
}

/* Adds a stream at the newest end. */
static void append(struct gad_stream *s, struct gad_stream_memory *m)
{
    struct gad_stream_list *l = list(m, s);

    s->older = l->newest;
    s->newer = NULL;
    if (l->newest)
        l->newest->newer = s;
    else
        l->oldest = s;
    l->newest = s;
    s->touched = m->now;
}

static void take_out(struct gad_stream *s, struct gad_stream_memory *m)
{
    struct gad_stream_list *l = list(m, s);

    if (s->older)
        s->older->newer = s->newer;
    else
        l->oldest = s->newer;
    if (s->newer)
        s->newer->older = s->older;
    else
        l->newest = s->older;
}

static size_t cost_of(const struct gad_stream *s)
{
    size_t cost = sizeof(*s) + ALLOCATION;

    for (const struct gad_view *v = &s->first; v; v = v->later) {
        cost += v->held[0].cost + v->held[1].cost;
        cost += v->packed ? v->packed_room + ALLOCATION : 0;
        cost += v != &s->first ? sizeof(*v) + ALLOCATION : 0;
    }
    return cost;
}

static void count(struct gad_stream *s, struct gad_stream_memory *m, size_t cost)
{
    size_t change = cost - s->cost; /* modulo 2^64, as are the sums */

    m->used += change;
    list(m, s)->used += change;
    m->ended_used += s->is_live ? 0 : change;
    s->cost = cost;
}

void gad_stream_account(struct gad_stream *s, struct gad_stream_memory *m)
{
    count(s, m, cost_of(s));
}

void gad_stream_link(struct gad_stream *s, struct gad_stream_memory *m, bool is_live)
{
    s->is_live = is_live;
    s->list = list_of(s->flow);
    append(s, m);
    gad_stream_account(s, m);
}

void gad_stream_unlink(struct gad_stream *s, struct gad_stream_memory *m)
{
    count(s, m, 0);
    take_out(s, m);
}

void gad_stream_touch(struct gad_stream *s, struct gad_stream_memory *m)
{
    if (!s->progress || m->now - s->touched < TOUCH_NS)
        return;
    take_out(s, m);
    append(s, m);
    s->progress = false;
}

/* Returns the oldest stream of a list that is not excepted. */
static struct gad_stream *oldest(const struct gad_stream_list *l, const struct gad_stream *except)
{
    return l->oldest == except && except ? except->newer : l->oldest;
}

/* Of the sources that use at least half as much as the one that uses most, the oldest stream. */
static struct gad_stream *victim_of(const struct gad_stream_list *lists,
                                    const struct gad_stream *except)
{
    struct gad_stream *victim = NULL;
    size_t most = 0;

    for (int i = 0; i < GAD_STREAM_LISTS; i++)
        if (lists[i].used > most && oldest(&lists[i], except))
            most = lists[i].used;
    for (int i = 0; i < GAD_STREAM_LISTS; i++) {
        if (lists[i].used == 0 || lists[i].used < most / 2)
            continue;
        struct gad_stream *s = oldest(&lists[i], except);
        if (s && (!victim || s->touched < victim->touched))
            victim = s;
    }
    return victim;
}

static bool holds(const struct gad_stream *s)
{
    for (const struct gad_view *v = &s->first; v; v = v->later)
        if (v->held[0].first || v->held[1].first)
            return true;
    return false;
}

/* Takes the memory of one stream, in steps: what it holds, then its inspector, then its result. */
static void evict(struct gad_stream *s, struct gad_stream_memory *m)
{
    struct gad_flow *f = s->flow;

    if (s->is_live && holds(s)) {
        gad_stream_finish(s, m);
        return;
    }
    f->notes |= GAD_NOTE_BLIND;
    m->evicted++;
    if (s->is_live) {
        gad_stream_stop(s, m);
        s->evicted = true;
        return;
    }
    f->not_inspected |= !s->evicted; /* it had ended: there is nothing to begin again */
    f->stream = NULL;
    gad_stream_free(s, m);
}

bool gad_stream_make_room(struct gad_stream_memory *m, const struct gad_stream *except, size_t need)
{
    if (need > m->max)
        return false;
    while (m->used > m->max - need) {
        bool ended_first = m->ended_used > m->max / 2;
        struct gad_stream *s = victim_of(ended_first ? m->ended : m->live, except);
        if (!s)
            s = victim_of(ended_first ? m->live : m->ended, except);
        if (!s)
            return false;
        evict(s, m);
    }
    return true;
}

void gad_stream_memory_deinit(struct gad_stream_memory *m)
{
    gad_inspect_free(m->work);
    m->work = NULL;
}
