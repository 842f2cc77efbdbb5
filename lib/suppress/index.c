/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the index finds the rules that a record meets. It is built in three steps:
 *
 *     places    For each rule, the conditions that it is found by: the network and the port that
 *               the fewest other rules have, the service and the protocol. Ten thousand rules with
 *               one source and different destinations are therefore found by their destinations.
 *     nodes     The networks, sorted by first address; of two with the same first address the
 *               shorter prefix comes first. The last network that begins at or before an address
 *               either holds it, or lies in the longest prefix that does: node.outer leads there.
 *     entries   The rules of each node, port, service and protocol. Where there are many ranges of
 *               ports, each is split into blocks of 2^level ports that begin at a multiple of
 *               2^level, at most 30 blocks a range. A port lies in one block of each level, so one
 *               lookup per level finds all ranges that hold it.
 */
#include "lib/suppress/index.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/siphash.h"
#include "lib/record/record.h"

enum {
    ANY_PORT = 16,      /* level */
    KIND_ANY_PORT = 32, /* bit of kinds; below it, 16 for each port, by level */
    FEW_RANGES = 16,    /* up to this many of one node, service and protocol are tried one by one */
    PIECES_MAX = 8 * GAD_SUPPRESS_MAX,
    BLOCK = 64 /* entries */
};
#define KEY_FREE UINT64_MAX /* never a key: there are fewer nodes */

static unsigned table_of(unsigned side, unsigned family)
{
    return 2 * side + (family == 6);
}

/* The place that a rule is found at. */
struct choice {
    uint8_t table; /* or GAD_SUPPRESS_ANYWHERE */
    uint8_t port;  /* of enum port */
    uint32_t node;
};
enum port { GAD_PORT_NONE, GAD_PORT_DST, GAD_PORT_SRC };

/* Service and protocol of all rules of a key; -1: any. */
struct same {
    int service, proto;
};

/* Key of a rule or record at a node, for a block of 2^level ports; level 16 means any port. */
static uint64_t key_of(uint32_t node, enum port which, unsigned level, unsigned port,
                       struct same same)
{
    return (uint64_t)node << 41 | (uint64_t)(same.proto + 1) << 32 |
           (uint64_t)(uint8_t)(same.service + 1) << 24 |
           (level == 16
                ? UINT64_C(16) << 16
                : (uint64_t)(which == GAD_PORT_SRC) << 21 | (uint64_t)level << 16 | port >> level);
}

/* --- places --- */

/* Counts of rules by hash, without the keys: a collision only makes a condition seem less rare. */
struct counts {
    uint32_t *n;
    size_t mask;
};

static const struct gad_ports *ports_of(const struct gad_rule *r, enum port which)
{
    static const struct gad_ports none = {0};
    return which == GAD_PORT_DST ? &r->dport : which == GAD_PORT_SRC ? &r->sport : &none;
}

static uint32_t *count_of(const struct counts *c, const struct gad_rule *r, unsigned table,
                          enum port which)
{
    static const uint64_t key[2] = {0}; /* a fixed key: only the operator writes rules */
    const struct gad_network *networks[] = {&r->src, &r->dst, &r->host};
    const struct gad_ports *p = ports_of(r, which);
    bool is_range = p->first != p->last;
    uint64_t word[5] = {0};

    word[0] = table | (uint64_t)which << 8 | (uint64_t)is_range << 16 |
              (uint64_t)(is_range ? 0 : p->first) << 32 |
              (uint64_t)(uint8_t)(r->service == GAD_RULE_ANY ? 0 : r->service + 1) << 48;
    word[4] = (uint64_t)r->proto + 1;
    if (table != GAD_SUPPRESS_ANYWHERE) {
        word[1] = networks[table / 2]->bits;
        memcpy(&word[2], networks[table / 2]->addr, 16);
    }
    return &c->n[gad_siphash13(key, word, 5) & c->mask];
}

/* All places where a rule can be found. Returns their number. */
static size_t places(const struct gad_rule *r, struct choice to[static 6])
{
    const struct gad_network *networks[] = {&r->src, &r->dst, &r->host};
    uint8_t table[3] = {GAD_SUPPRESS_ANYWHERE}, port[2] = {GAD_PORT_NONE};
    size_t n_tables = 0, n_ports = 0, n = 0;

    for (unsigned side = 0; side < 3; side++)
        if (networks[side]->family != 0)
            table[n_tables++] = (uint8_t)table_of(side, networks[side]->family);
    if (r->dport.is_set)
        port[n_ports++] = GAD_PORT_DST;
    if (r->sport.is_set)
        port[n_ports++] = GAD_PORT_SRC;
    for (size_t t = 0; t < n_tables || t == 0; t++)
        for (size_t p = 0; p < n_ports || p == 0; p++)
            to[n++] = (struct choice){.table = table[t], .port = port[p]};
    return n;
}

static int choose_places(const struct gad_suppressed *rule, size_t n, struct choice *choice)
{
    gad_cleanup(gad_freep) uint32_t *counted = NULL;
    struct choice place[6];
    size_t size = 64;

    while (size < 4 * n) /* n is at most GAD_SUPPRESS_MAX */
        size *= 2;
    counted = gad_calloc(size, sizeof(*counted));
    if (!counted)
        return GAD_ENOMEM;
    const struct counts c = {counted, size - 1};
    for (size_t i = 0; i < n; i++)
        for (size_t k = places(&rule[i].rule, place); k-- > 0;)
            ++*count_of(&c, &rule[i].rule, place[k].table, place[k].port);
    for (size_t i = 0; i < n; i++) {
        uint32_t fewest = UINT32_MAX;
        size_t n_places = places(&rule[i].rule, place);
        for (size_t k = 0; k < n_places; k++) {
            uint32_t others = *count_of(&c, &rule[i].rule, place[k].table, place[k].port);
            if (others < fewest)
                choice[i] = place[k];
            fewest = others < fewest ? others : fewest;
        }
    }
    return 0;
}

/* --- nodes --- */

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

static size_t items_of(const struct gad_suppressed *rule, size_t n, const struct choice *choice,
                       struct item *item)
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

/* Adds a node for a network. @before: the node before it in the same table; 0: it is the first. */
static void add_node(struct gad_suppress_index *x, const struct item *it, uint32_t before)
{
    struct gad_suppress_node *node = &x->node[x->n_nodes++];

    *node = (struct gad_suppress_node){.addr = it->addr, .bits = it->bits};
    while (before != 0 && !holds(&x->node[before], it->addr))
        before = x->node[before].outer;
    node->outer = before;
}

static int build_nodes(struct gad_suppress_index *x, const struct gad_suppressed *rule, size_t n,
                       struct choice *choice)
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

static uint32_t find_node(const struct gad_suppress_index *x, unsigned table, const uint8_t *addr)
{
    const struct gad_suppress_addr a = addr_of(addr, table);
    uint32_t from = x->table[table], n = x->table[table + 1] - from;

    if (n == 0)
        return 0;
    /* invariant: the last one that begins at or before @a is among (n) from @from, if any is */
    while (n > 1) {
        const struct gad_suppress_addr *mid = &x->node[from + n / 2].addr;
        bool is_before = mid->hi < a.hi || (mid->hi == a.hi && mid->lo <= a.lo);
        from = is_before ? from + n / 2 : from;
        n = is_before ? n - n / 2 : n / 2;
    }
    while (from != 0 && !holds(&x->node[from], a))
        from = x->node[from].outer;
    return from;
}

/* --- entries --- */

/* Adds rules to the entries of their keys, or only counts them. */
struct builder {
    struct gad_suppress_index *x;
    const struct gad_suppressed *rule;
    const struct choice *choice;
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

static struct same same_of(const struct gad_rule *r)
{
    return (struct same){r->service == GAD_RULE_ANY ? -1 : r->service, r->proto};
}

static void add_entry(struct builder *b, uint32_t i, unsigned level, unsigned port)
{
    struct gad_suppress_index *x = b->x;
    const struct gad_rule *r = &b->rule[i].rule;
    const struct choice *c = &b->choice[i];
    struct same same = same_of(r);
    uint64_t key = key_of(c->node, c->port, level, port, same);
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

/* Adds all rules in the order of their numbers. Called twice: to count, then to store. */
static void add_rules(struct builder *b, const uint32_t *n_ranges, size_t n)
{
    b->n_pieces = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct gad_rule *r = &b->rule[i].rule;
        const struct choice *c = &b->choice[i];
        const struct gad_ports *p = c->port == GAD_PORT_SRC ? &r->sport : &r->dport;
        if (c->port != GAD_PORT_NONE && p->first == p->last)
            add_entry(b, i, 0, p->first);
        else if (c->port != GAD_PORT_NONE && n_ranges[i] > FEW_RANGES && b->n_pieces < PIECES_MAX)
            add_range(b, i, p);
        else
            add_entry(b, i, ANY_PORT, 0);
    }
}

/* Counts the ranges at the place of each rule's range. */
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
            const struct choice *c = &b->choice[i];
            uint64_t key = key_of(c->node, c->port, 15, 0, same_of(&b->rule[i].rule));
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

/* Returns an upper limit of the entries, which the slots are made for. */
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
    gad_cleanup(gad_freep) struct choice *choice = gad_calloc(n, sizeof(*choice));
    gad_cleanup(gad_freep) uint32_t *n_ranges = gad_calloc(n, sizeof(*n_ranges));
    struct builder b = {.x = x, .rule = rule, .choice = choice};

    gad_suppress_index_deinit(x);
    if (!choice || !n_ranges)
        return GAD_ENOMEM;
    int r = choose_places(rule, n, choice);
    r = r ? r : build_nodes(x, rule, n, choice);
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

/* --- looking up --- */

/* Returns the first rule of a key before @best that the record meets, else @best. */
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
        const struct same same = {with & 1 ? service : -1, with & 2 ? t->proto : -1};
        uint64_t kinds = x->node[node].kinds[with];
        if (with & 1 && (service < 0 || service >= UINT8_MAX))
            continue;
        for (; kinds != 0; kinds &= kinds - 1) {
            unsigned bit = (unsigned)__builtin_ctzll(kinds);
            bool is_src = bit >= 16;
            uint64_t key = key_of(node, is_src ? GAD_PORT_SRC : GAD_PORT_DST,
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
        unsigned table = table_of(looks[i].side, t->family);
        uint32_t node = find_node(x, table, looks[i].addr);
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
