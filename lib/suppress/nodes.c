/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks sorted by their first address, and the shorter of two with the same before the longer. The last one that
 * begins at or before an address lies, if it does not hold the address, beside it in the longest one that does; so that
 * one is among those around it.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/suppress/index.h"

/* A rule's network, to be sorted. */
struct item {
    struct gad_suppress_addr addr;
    uint32_t rule;
    uint8_t table, bits;
};

static struct gad_suppress_addr addr_of(const uint8_t *p, unsigned table)
{
    struct gad_suppress_addr a = {0};

    for (size_t i = 0; i < 8; i++)
        a.hi = a.hi << 8 | (table % 2 == 0 && i >= 4 ? 0 : p[i]);
    for (size_t i = 8; i < 16 && table % 2 == 1; i++)
        a.lo = a.lo << 8 | p[i];
    return a;
}

static bool holds(const struct gad_suppress_node *n, struct gad_suppress_addr a)
{
    uint64_t hi = a.hi ^ n->addr.hi, lo = a.lo ^ n->addr.lo;

    if (n->bits == 0)
        return true;
    if (n->bits <= 64)
        return hi >> (64 - n->bits) == 0;
    return hi == 0 && lo >> (128 - n->bits) == 0;
}

static int by_place(const void *a, const void *b)
{
    const struct item *x = a, *y = b;

    if (x->table != y->table)
        return x->table < y->table ? -1 : 1;
    if (x->addr.hi != y->addr.hi)
        return x->addr.hi < y->addr.hi ? -1 : 1;
    if (x->addr.lo != y->addr.lo)
        return x->addr.lo < y->addr.lo ? -1 : 1;
    return (x->bits > y->bits) - (x->bits < y->bits);
}

static size_t items_of(const struct gad_suppressed *rule, size_t n,
                       const struct gad_suppress_choice *choice, struct item *item)
{
    size_t n_items = 0;

    for (size_t i = 0; i < n; i++) {
        const struct gad_rule *r = &rule[i].rule;
        const struct gad_network *networks[] = {&r->src, &r->dst, &r->host};
        uint8_t table = choice[i].table;
        if (table == GAD_SUPPRESS_ANYWHERE)
            continue;
        const struct gad_network *w = networks[table / 2];
        item[n_items++] = (struct item){addr_of(w->addr, table), (uint32_t)i, table, w->bits};
    }
    qsort(item, n_items, sizeof(*item), by_place);
    return n_items;
}

/* A node for each network of which the one before it in the same table, if there is one, is @before. */
static void add_node(struct gad_suppress_index *x, const struct item *it, uint32_t before)
{
    struct gad_suppress_node *node = &x->node[x->n_nodes++];

    *node = (struct gad_suppress_node){.addr = it->addr, .bits = it->bits};
    while (before != 0 && !holds(&x->node[before], it->addr))
        before = x->node[before].outer;
    node->outer = before;
}

int gad_suppress_nodes_build(struct gad_suppress_index *x, const struct gad_suppressed *rule,
                             size_t n, struct gad_suppress_choice *choice)
{
    gad_cleanup(gad_freep) struct item *item = gad_calloc(n + 1, sizeof(*item));

    x->node = gad_calloc(n + 1, sizeof(*x->node));
    if (!item || !x->node)
        return GAD_ENOMEM;
    size_t n_items = items_of(rule, n, choice, item), i = 0;
    x->n_nodes = 1;
    for (unsigned t = 0; t < GAD_SUPPRESS_TABLES; t++) {
        x->table[t] = (uint32_t)x->n_nodes;
        for (size_t from = i; i < n_items && item[i].table == t; i++) {
            if (i == from || by_place(&item[i], &item[i - 1]) != 0)
                add_node(x, &item[i], i == from ? 0 : (uint32_t)x->n_nodes - 1);
            choice[item[i].rule].node = (uint32_t)x->n_nodes - 1;
        }
    }
    x->table[GAD_SUPPRESS_TABLES] = (uint32_t)x->n_nodes;
    return 0;
}

uint32_t gad_suppress_nodes_find(const struct gad_suppress_index *x, unsigned table,
                                 const uint8_t *addr)
{
    const struct gad_suppress_addr a = addr_of(addr, table);
    uint32_t from = x->table[table], n = x->table[table + 1] - from;

    if (n == 0)
        return 0;
    while (n >
           1) { /* the last one that begins at or before it is in (n) from @from, if there is one */
        const struct gad_suppress_addr *mid = &x->node[from + n / 2].addr;
        bool is_before = mid->hi < a.hi || (mid->hi == a.hi && mid->lo <= a.lo);
        from = is_before ? from + n / 2 : from;
        n = is_before ? n - n / 2 : n / 2;
    }
    while (from != 0 && !holds(&x->node[from], a))
        from = x->node[from].outer;
    return from;
}
