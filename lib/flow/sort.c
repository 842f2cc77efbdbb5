/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/flow/sort.h"

#include "lib/base/mem.h"

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

/* Cuts the longest run in order off the front of *list. */
static uint32_t take_run(struct gad_flow *flows, uint32_t *list)
{
    uint32_t first = *list, last = first;

    while (flows[last].next && !is_before(&flows[flows[last].next], &flows[last]))
        last = flows[last].next;
    *list = flows[last].next;
    flows[last].next = 0;
    return first;
}

uint32_t gad_flow_sort(struct gad_flow *flows, uint32_t list)
{
    enum { BINS = 32 }; /* bin i holds 2^i runs or none; there are under 2^32 flows */
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
