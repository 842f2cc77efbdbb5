/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ranges of ports, where there are many, are cut into blocks of 2^level ports that begin at a multiple of it, at most 30
 * each; a port lies in one block of each level, so that a look a level finds the ranges that it is in.
 */
#include <math.h>

#include "lib/record/record.h"
#include "lib/suppress/index.h"

enum {
    ANY_PORT = 16,      /* level */
    KIND_ANY_PORT = 32, /* bit of kinds; below it, 16 for each port, by level */
    FEW_RANGES = 16,    /* of the same node, service and protocol: these are asked one by one */
    PIECES_MAX = 8 * GAD_SUPPRESS_MAX,
    BLOCK = 64 /* entries */
};
#define KEY_FREE UINT64_MAX /* no key: there are not that many nodes */

/* Adds the rule to the entries of a key, or only says that it will be there. */
struct builder {
    struct gad_suppress_index *x;
    const struct gad_suppressed *rule;
    const struct gad_suppress_choice *choice;
    bool is_counting;
    size_t n_pieces;
};

static struct gad_suppress_slot *slot_of(const struct gad_suppress_index *x, uint64_t key)
{
    uint64_t h = key * UINT64_C(0x9e3779b97f4a7c15);
    size_t at = (h ^ h >> 32) & (x->n_slots - 1);

    while (x->slot[at].key != key && x->slot[at].key != KEY_FREE)
        at = (at + 1) & (x->n_slots - 1);
    return &x->slot[at];
}

/* --- building --- */

static struct gad_suppress_same same_of(const struct gad_rule *r)
{
    return (struct gad_suppress_same){r->service == GAD_RULE_ANY ? -1 : r->service, r->proto};
}

static void add_entry(struct builder *b, uint32_t i, unsigned level, unsigned port)
{
    struct gad_suppress_index *x = b->x;
    const struct gad_rule *r = &b->rule[i].rule;
    const struct gad_suppress_choice *c = &b->choice[i];
    struct gad_suppress_same same = same_of(r);
    uint64_t key = gad_suppress_key(c->node, c->port, level, port, same);
    struct gad_suppress_slot *s = slot_of(x, key);
    double below = isnan(r->score_below) ? (double)INFINITY : r->score_below;

    if (b->is_counting) {
        unsigned bit =
            level == ANY_PORT ? KIND_ANY_PORT : (c->port == GAD_PORT_SRC ? 16 : 0) + level;
        x->node[c->node].kinds[(same.service >= 0) + 2 * (same.proto >= 0)] |= UINT64_C(1) << bit;
        if (s->key == KEY_FREE)
            *s = (struct gad_suppress_slot){.key = key, .below = below};
        s->below = below > s->below ? below : s->below;
        x->n_entries++;
    } else {
        size_t e = s->first + s->n;
        x->entry[e] = i;
        x->below[e / BLOCK] = below > x->below[e / BLOCK] ? below : x->below[e / BLOCK];
    }
    s->n++;
}

static void add_range(struct builder *b, uint32_t i, const struct gad_ports *p)
{
    for (uint32_t at = p->first; at <= p->last;) {
        unsigned level = at == 0 ? ANY_PORT : (unsigned)__builtin_ctz(at);
        while (at + (1u << level) - 1 > p->last)
            level--;
        add_entry(b, i, level, at);
        at += 1u << level;
        b->n_pieces++;
    }
}

/* All rules, in the order of their numbers. Does the same twice: first counting, then with entries. */
static void add_rules(struct builder *b, const uint32_t *n_ranges, size_t n)
{
    b->n_pieces = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct gad_rule *r = &b->rule[i].rule;
        const struct gad_suppress_choice *c = &b->choice[i];
        const struct gad_ports *p = c->port == GAD_PORT_SRC ? &r->sport : &r->dport;
        if (c->port == GAD_PORT_NONE)
            add_entry(b, i, ANY_PORT, 0);
        else if (p->first == p->last)
            add_entry(b, i, 0, p->first);
        else if (n_ranges[i] > FEW_RANGES && b->n_pieces < PIECES_MAX)
            add_range(b, i, p);
        else
            add_entry(b, i, ANY_PORT, 0);
    }
}

/* How many ranges are where a rule's range is. */
static int count_ranges(struct builder *b, size_t n, uint32_t *n_ranges)
{
    gad_cleanup(gad_freep) uint32_t *counted = NULL;
    size_t size = 64;

    while (size < 2 * n)
        size *= 2;
    counted = gad_calloc(size, sizeof(*counted));
    if (!counted)
        return GAD_ENOMEM;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < n; i++) {
            const struct gad_suppress_choice *c = &b->choice[i];
            uint64_t key = gad_suppress_key(c->node, c->port, 15, 0, same_of(&b->rule[i].rule));
            uint64_t h = key * UINT64_C(0x9e3779b97f4a7c15);
            uint32_t *of = &counted[(h ^ h >> 32) & (size - 1)];
            const struct gad_ports *p =
                c->port == GAD_PORT_SRC ? &b->rule[i].rule.sport : &b->rule[i].rule.dport;
            if (pass == 0 && c->port != GAD_PORT_NONE && p->first != p->last)
                ++*of;
            n_ranges[i] = *of;
        }
    return 0;
}

static int build_entries(struct builder *b, const uint32_t *n_ranges, size_t n)
{
    struct gad_suppress_index *x = b->x;
    size_t first = 0;

    b->is_counting = true;
    add_rules(b, n_ranges, n);
    x->entry = gad_calloc(x->n_entries, sizeof(*x->entry));
    x->below = gad_calloc(x->n_entries / BLOCK + 1, sizeof(*x->below));
    if (!x->entry || !x->below)
        return GAD_ENOMEM;
    for (size_t i = 0; i <= x->n_entries / BLOCK; i++)
        x->below[i] = -(double)INFINITY;
    for (size_t i = 0; i < x->n_slots; i++) {
        x->slot[i].first = (uint32_t)first;
        first += x->slot[i].n;
        x->slot[i].n = 0;
    }
    b->is_counting = false;
    add_rules(b, n_ranges, n);
    return 0;
}

/* Entries that there will be, at most: what there are slots for. */
static size_t most_entries(const struct builder *b, const uint32_t *n_ranges, size_t n)
{
    size_t n_pieces = 0;

    for (size_t i = 0; i < n; i++) {
        const struct gad_ports *p =
            b->choice[i].port == GAD_PORT_SRC ? &b->rule[i].rule.sport : &b->rule[i].rule.dport;
        if (b->choice[i].port != GAD_PORT_NONE && p->first != p->last && n_ranges[i] > FEW_RANGES)
            n_pieces += 30;
    }
    return n + (n_pieces < PIECES_MAX + 30 ? n_pieces : PIECES_MAX + 30);
}

int gad_suppress_index_build(struct gad_suppress_index *x, const struct gad_suppressed *rule,
                             size_t n)
{
    gad_cleanup(gad_freep) struct gad_suppress_choice *choice = gad_calloc(n, sizeof(*choice));
    gad_cleanup(gad_freep) uint32_t *n_ranges = gad_calloc(n, sizeof(*n_ranges));
    struct builder b = {.x = x, .rule = rule, .choice = choice};

    gad_suppress_index_deinit(x);
    if (!choice || !n_ranges)
        return GAD_ENOMEM;
    int r = gad_suppress_choose(rule, n, choice);
    r = r ? r : gad_suppress_nodes_build(x, rule, n, choice);
    r = r ? r : count_ranges(&b, n, n_ranges);
    if (r != 0)
        return r;
    size_t most = most_entries(&b, n_ranges, n);
    for (x->n_slots = 64; x->n_slots < most + most / 2; x->n_slots *= 2)
        ;
    x->slot = gad_calloc(x->n_slots, sizeof(*x->slot));
    if (!x->slot)
        return GAD_ENOMEM;
    for (size_t i = 0; i < x->n_slots; i++)
        x->slot[i].key = KEY_FREE;
    r = build_entries(&b, n_ranges, n);
    x->is_stale = r != 0;
    return r;
}

void gad_suppress_index_deinit(struct gad_suppress_index *x)
{
    gad_free(x->node);
    gad_free(x->slot);
    gad_free(x->entry);
    gad_free(x->below);
    *x = (struct gad_suppress_index){.is_stale = true};
}

/* --- asking --- */

/* The first rule before @best of a key that is met. */
static size_t ask_key(const struct gad_suppress_index *x, const struct gad_suppressed *rule,
                      const struct gad_suppress_question *q, uint64_t key, size_t best)
{
    const struct gad_suppress_slot *s = slot_of(x, key);
    double score = (double)q->score;

    if (s->key == KEY_FREE || !(score < s->below))
        return best;
    for (size_t e = s->first; e < (size_t)s->first + s->n; e++) {
        if (e % BLOCK == 0 && !(score < x->below[e / BLOCK])) {
            e += BLOCK - 1;
            continue;
        }
        if (x->entry[e] >= best)
            return best;
        if (gad_suppress_meets(&rule[x->entry[e]], q))
            return x->entry[e];
    }
    return best;
}

static size_t ask_node(const struct gad_suppress_index *x, const struct gad_suppressed *rule,
                       const struct gad_suppress_question *q, uint32_t node, size_t best)
{
    const struct gad_tuple *t = &q->rec->tuple;
    int service = (int)q->rec->v[GAD_SERVICE];

    for (unsigned with = 0; with < 4; with++) {
        const struct gad_suppress_same same = {with & 1 ? service : -1, with & 2 ? t->proto : -1};
        uint64_t kinds = x->node[node].kinds[with];
        if (with & 1 && (service < 0 || service >= UINT8_MAX))
            continue;
        for (; kinds != 0; kinds &= kinds - 1) {
            unsigned bit = (unsigned)__builtin_ctzll(kinds);
            bool is_src = bit >= 16;
            uint64_t key = gad_suppress_key(node, is_src ? GAD_PORT_SRC : GAD_PORT_DST,
                                            bit == KIND_ANY_PORT ? ANY_PORT : bit % 16,
                                            is_src ? t->src_port : t->dst_port, same);
            best = ask_key(x, rule, q, key, best);
        }
    }
    return best;
}

size_t gad_suppress_index_ask(const struct gad_suppress_index *x, const struct gad_suppressed *rule,
                              const struct gad_suppress_question *q)
{
    const struct gad_tuple *t = &q->rec->tuple;
    const struct {
        unsigned side;
        const uint8_t *addr;
    } looks[] = {{0, t->src}, {1, t->dst}, {2, t->src}, {2, t->dst}};
    size_t best = ask_node(x, rule, q, 0, GAD_SUPPRESS_NONE);

    for (size_t i = 0; i < 4 && (t->family == 4 || t->family == 6); i++) {
        unsigned table = gad_suppress_table(looks[i].side, t->family);
        uint32_t node = gad_suppress_nodes_find(x, table, looks[i].addr);
        for (; node != 0; node = x->node[node].outer)
            best = ask_node(x, rule, q, node, best);
    }
    return best;
}

size_t gad_suppress_ask_each(const struct gad_suppressed *rule, size_t n,
                             const struct gad_suppress_question *q)
{
    for (size_t i = 0; i < n; i++)
        if (gad_suppress_meets(&rule[i], q))
            return i;
    return GAD_SUPPRESS_NONE;
}
