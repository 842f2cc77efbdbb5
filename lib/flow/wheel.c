/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/flow/wheel.h"

#include "lib/base/mem.h"

enum { WORDS = GAD_WHEEL_SLOTS / 64, SUMMARY = WORDS / 64, LANE_ATTEMPTS = 0, LANE_REST = 1 };

/* Which slots are not empty, as bits, and which words of these are not 0. */
struct gad_wheel_lane {
    uint64_t summary[SUMMARY];
    uint64_t words[WORDS];
    uint32_t head[GAD_WHEEL_SLOTS]; /* circular, by next and prev; 0: empty */
};

int gad_wheel_init(struct gad_wheel *w, struct gad_flow *flows)
{
    *w = (struct gad_wheel){.flows = flows};
    w->lanes = gad_calloc(GAD_WHEEL_LANES, sizeof(*w->lanes));
    return w->lanes ? 0 : GAD_ENOMEM;
}

void gad_wheel_deinit(struct gad_wheel *w)
{
    gad_free(w->lanes);
}

static void insert(struct gad_wheel *w, uint32_t i, uint64_t tick)
{
    struct gad_flow *f = &w->flows[i];
    uint32_t slot = (uint32_t)tick & (GAD_WHEEL_SLOTS - 1);

    f->lane = f->timing == GAD_FLOW_ATTEMPT ? LANE_ATTEMPTS : LANE_REST;
    f->tick = (uint32_t)tick;
    struct gad_wheel_lane *lane = &w->lanes[f->lane];
    uint32_t head = lane->head[slot];
    if (head == 0) {
        f->next = f->prev = lane->head[slot] = i;
        lane->words[slot / 64] |= UINT64_C(1) << slot % 64;
        lane->summary[slot / 4096] |= UINT64_C(1) << slot / 64 % 64;
    } else {
        struct gad_flow *h = &w->flows[head];
        f->next = head;
        f->prev = h->prev;
        w->flows[h->prev].next = i;
        h->prev = i;
    }
    w->n_flows++;
}

static void add_at(struct gad_wheel *w, uint32_t flow, int64_t due)
{
    uint64_t tick = gad_wheel_tick(due), last = w->cursor + GAD_WHEEL_SLOTS - 1;

    tick = tick < w->cursor ? w->cursor : tick;
    insert(w, flow, tick > last ? last : tick);
}

void gad_wheel_add(struct gad_wheel *w, uint32_t flow)
{
    const struct gad_flow *f = &w->flows[flow];
    int64_t interim = gad_interim_due(&w->interims, f);

    add_at(w, flow, interim < f->due ? interim : f->due);
}

static void set_empty(struct gad_wheel_lane *lane, uint32_t slot)
{
    lane->head[slot] = 0;
    lane->words[slot / 64] &= ~(UINT64_C(1) << slot % 64);
    if (lane->words[slot / 64] == 0)
        lane->summary[slot / 4096] &= ~(UINT64_C(1) << slot / 64 % 64);
}

void gad_wheel_remove(struct gad_wheel *w, uint32_t flow)
{
    struct gad_flow *f = &w->flows[flow];
    struct gad_wheel_lane *lane = &w->lanes[f->lane];
    uint32_t slot = f->tick & (GAD_WHEEL_SLOTS - 1);

    if (f->next == flow) {
        set_empty(lane, slot);
    } else {
        w->flows[f->next].prev = f->prev;
        w->flows[f->prev].next = f->next;
        if (lane->head[slot] == flow)
            lane->head[slot] = f->next;
    }
    w->n_flows--;
}

void gad_wheel_update(struct gad_wheel *w, uint32_t flow)
{
    struct gad_flow *f = &w->flows[flow];
    uint64_t at = w->cursor + (uint32_t)(f->tick - (uint32_t)w->cursor);

    if (gad_wheel_tick(f->due) < at) {
        gad_wheel_remove(w, flow);
        gad_wheel_add(w, flow);
    }
}

/* Returns the first non-empty slot at or behind `from`; GAD_WHEEL_SLOTS: all are empty. */
static uint32_t occupied_from(const struct gad_wheel_lane *lane, uint32_t from)
{
    uint32_t word = from / 64;
    uint64_t bits = lane->words[word] & UINT64_MAX << from % 64;

    if (bits)
        return word * 64 + (uint32_t)__builtin_ctzll(bits);
    if (++word == WORDS)
        return GAD_WHEEL_SLOTS;
    bits = lane->summary[word / 64] & UINT64_MAX << word % 64;
    for (uint32_t s = word / 64;;) {
        if (bits) {
            word = s * 64 + (uint32_t)__builtin_ctzll(bits);
            return word * 64 + (uint32_t)__builtin_ctzll(lane->words[word]);
        }
        if (++s == SUMMARY)
            return GAD_WHEEL_SLOTS;
        bits = lane->summary[s];
    }
}

/* Returns the first tick of a lane with flows; UINT64_MAX: the lane is empty. */
static uint64_t first_tick(const struct gad_wheel *w, int lane)
{
    uint32_t at = (uint32_t)w->cursor & (GAD_WHEEL_SLOTS - 1);
    uint32_t slot = occupied_from(&w->lanes[lane], at);

    if (slot < GAD_WHEEL_SLOTS)
        return w->cursor + slot - at;
    slot = occupied_from(&w->lanes[lane], 0);
    return slot < GAD_WHEEL_SLOTS ? w->cursor + GAD_WHEEL_SLOTS - at + slot : UINT64_MAX;
}

/* Empties a slot: flows that are due go before *due, the others are added again. The cursor is
 * behind the tick. */
static void take_slot(struct gad_wheel *w, int lane, uint64_t tick, uint32_t *due)
{
    uint32_t slot = (uint32_t)tick & (GAD_WHEEL_SLOTS - 1), i = w->lanes[lane].head[slot];

    if (i == 0)
        return;
    set_empty(&w->lanes[lane], slot);
    w->flows[w->flows[i].prev].next = 0;
    uint32_t kept = 0, *tail = &kept;
    while (i) {
        struct gad_flow *f = &w->flows[i];
        uint32_t next = f->next;
        w->n_flows--;
        if (gad_wheel_tick(f->due) > tick &&
            gad_wheel_tick(gad_interim_due(&w->interims, f)) > tick) {
            gad_wheel_add(w, i);
        } else {
            *tail = i;
            tail = &f->next;
            __builtin_prefetch((const char *)f + 64); /* all of it is read next */
            __builtin_prefetch((const char *)f + 128);
        }
        i = next;
    }
    *tail = *due;
    *due = kept;
}

static bool is_before(const struct gad_flow *x, const struct gad_flow *y)
{
    if (x->due != y->due)
        return x->due < y->due;
    if (x->end != y->end)
        return x->end < y->end;
    return x->id < y->id;
}

static uint32_t merge(struct gad_flow *flows, uint32_t x, uint32_t y)
{
    uint32_t first = 0, *tail = &first;

    while (x && y) {
        uint32_t *least = is_before(&flows[y], &flows[x]) ? &y : &x;
        *tail = *least;
        tail = &flows[*least].next;
        *least = *tail;
    }
    *tail = x ? x : y;
    return first;
}

/* Takes the longest sorted run off the front of *list. */
static uint32_t take_run(struct gad_flow *flows, uint32_t *list)
{
    uint32_t first = *list, last = first;

    while (flows[last].next && !is_before(&flows[flows[last].next], &flows[last]))
        last = flows[last].next;
    *list = flows[last].next;
    flows[last].next = 0;
    return first;
}

/* Orders a list of flows, linked by next, 0 at its end, by due, last packet and number; returns
 * the first. In place; a run that is in order already, as most are, costs one comparison a flow. */
static uint32_t sort_flows(struct gad_flow *flows, uint32_t list)
{
    enum { BINS = 32 }; /* bin i is empty or holds 2^i runs; there are under 2^32 flows */
    uint32_t bins[BINS] = {0}, sorted = 0;

    while (list) {
        uint32_t run = take_run(flows, &list);
        int i = 0;
        for (; bins[i]; i++) {
            gad_assert(i < BINS - 1);
            run = merge(flows, bins[i], run);
            bins[i] = 0;
        }
        bins[i] = run;
    }
    for (int i = 0; i < BINS; i++)
        sorted = merge(flows, bins[i], sorted);
    return sorted;
}

uint32_t gad_wheel_next(struct gad_wheel *w, uint64_t until)
{
    while (w->due == 0) {
        uint64_t attempts = first_tick(w, LANE_ATTEMPTS), rest = first_tick(w, LANE_REST);
        uint64_t tick = attempts < rest ? attempts : rest;
        if (tick > until) {
            w->cursor = until + 1 > w->cursor ? until + 1 : w->cursor;
            return 0;
        }
        w->cursor = tick + 1;
        take_slot(w, LANE_REST, tick, &w->due);
        take_slot(w, LANE_ATTEMPTS, tick, &w->due);
        w->due = sort_flows(w->flows, w->due);
    }
    uint32_t flow = w->due;
    w->due = w->flows[flow].next;
    return flow;
}

static uint32_t first_flow(const struct gad_wheel *w, int lane, uint64_t *ret_tick)
{
    *ret_tick = first_tick(w, lane);
    return *ret_tick == UINT64_MAX
               ? 0
               : w->lanes[lane].head[(uint32_t)*ret_tick & (GAD_WHEEL_SLOTS - 1)];
}

/*
 * A flow in an outdated slot is added again: once for all packets that moved its deadline. It goes
 * to its deadline, and its interim record is late: interim records must not hide the flow that ends
 * soonest.
 */
uint32_t gad_wheel_victim(struct gad_wheel *w)
{
    enum { TRIES_MAX = 16 }; /* so that one packet does not pay for all packets before it */
    uint64_t tick;
    uint32_t i = 0;

    for (int tries = 0; tries < TRIES_MAX && (i = first_flow(w, LANE_ATTEMPTS, &tick)) != 0;
         tries++) {
        if (w->flows[i].timing == GAD_FLOW_ATTEMPT)
            return i;
        gad_wheel_remove(w, i);
        add_at(w, i, w->flows[i].due);
    }
    for (int tries = 0; tries < TRIES_MAX && (i = first_flow(w, LANE_REST, &tick)) != 0; tries++) {
        if (gad_wheel_tick(w->flows[i].due) <= tick)
            return i;
        gad_wheel_remove(w, i);
        add_at(w, i, w->flows[i].due);
    }
    return i ? i : first_flow(w, LANE_ATTEMPTS, &tick);
}
