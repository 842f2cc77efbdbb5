/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "lib/base/siphash.h"
#include "lib/record/record.h"
#include "lib/suppress/parts.h"

/* --- keys --- */

static void mask(const uint8_t *addr, unsigned bits, uint8_t to[static 16])
{
    size_t whole = bits / 8;

    memset(to, 0, 16);
    memcpy(to, addr, whole);
    if (bits % 8 != 0)
        to[whole] = addr[whole] & (uint8_t)(0xff00 >> bits % 8);
}

static uint64_t hash_of(const struct gad_suppress_index *x, const struct gad_suppress_kind *k,
                        const uint8_t *masked, uint16_t port, int service)
{
    uint64_t word[3];

    word[0] = (uint64_t)k->side | (uint64_t)k->family << 8 | (uint64_t)k->bits << 16 |
              (uint64_t)k->with_port << 24 | (uint64_t)k->with_service << 25 |
              (uint64_t)(k->with_port ? port : 0) << 32 |
              (uint64_t)(uint16_t)(k->with_service ? service + 1 : 0) << 48;
    memcpy(&word[1], masked, 16);
    return gad_siphash13(x->secret, word, 3);
}

static const struct gad_network *network_of(const struct gad_rule *r, uint8_t *ret_side)
{
    *ret_side = r->src.family    ? GAD_SIDE_SRC
                : r->dst.family  ? GAD_SIDE_DST
                : r->host.family ? GAD_SIDE_HOST
                                 : GAD_SIDE_NONE;
    return r->src.family ? &r->src : r->dst.family ? &r->dst : &r->host;
}

static struct gad_suppress_kind kind_of(const struct gad_rule *r)
{
    struct gad_suppress_kind k = {.with_port = r->dport.is_set && r->dport.first == r->dport.last,
                                  .with_service = r->service != GAD_RULE_ANY};
    const struct gad_network *n = network_of(r, &k.side);

    if (k.side != GAD_SIDE_NONE) {
        k.family = n->family;
        k.bits = n->bits;
    }
    return k;
}

static uint64_t hash_of_rule(const struct gad_suppress_index *x, const struct gad_rule *r)
{
    static const uint8_t none[16] = {0};
    const struct gad_suppress_kind k = kind_of(r);
    uint8_t side;
    const struct gad_network *n = network_of(r, &side);

    return hash_of(x, &k, side == GAD_SIDE_NONE ? none : n->addr, r->dport.first, r->service);
}

/* --- building --- */

static void add_kind(struct gad_suppress_index *x, struct gad_suppress_kind k)
{
    for (size_t i = 0; i < x->n_kinds; i++) {
        const struct gad_suppress_kind *o = &x->kind[i];
        if (o->side == k.side && o->family == k.family && o->bits == k.bits &&
            o->with_port == k.with_port && o->with_service == k.with_service)
            return;
    }
    gad_assert(x->n_kinds < GAD_SUPPRESS_KINDS);
    x->kind[x->n_kinds++] = k;
}

static struct gad_suppress_slot *slot_of(const struct gad_suppress_index *x, uint64_t hash)
{
    size_t at = hash & (x->n_slots - 1);

    while (x->slot[at].first != 0 && x->slot[at].hash != hash)
        at = (at + 1) & (x->n_slots - 1);
    return &x->slot[at];
}

int gad_suppress_index_build(struct gad_suppress_index *x, const struct gad_suppressed *rule,
                             size_t n)
{
    gad_suppress_index_deinit(x);
    for (x->n_slots = 64; x->n_slots < 2 * n; x->n_slots *= 2)
        ;
    x->slot = gad_calloc(x->n_slots, sizeof(*x->slot));
    x->next = gad_calloc(n, sizeof(*x->next));
    if (!x->slot || !x->next)
        return GAD_ENOMEM;
    for (size_t i = n; i-- > 0;) { /* so that a chain is in the order of the numbers */
        uint64_t hash = hash_of_rule(x, &rule[i].rule);
        struct gad_suppress_slot *s = slot_of(x, hash);
        double below =
            isnan(rule[i].rule.score_below) ? (double)INFINITY : rule[i].rule.score_below;
        x->next[i] = s->first;
        *s = (struct gad_suppress_slot){hash, (uint32_t)i + 1,
                                        s->first != 0 && s->below > below ? s->below : below};
        add_kind(x, kind_of(&rule[i].rule));
    }
    x->is_stale = false;
    return 0;
}

void gad_suppress_index_deinit(struct gad_suppress_index *x)
{
    gad_free(x->slot);
    gad_free(x->next);
    x->slot = NULL;
    x->next = NULL;
    x->n_kinds = 0;
    x->is_stale = true;
}

/* --- asking --- */

/* The first rule before @best of a key that is met. */
static size_t ask_key(const struct gad_suppress_index *x, const struct gad_suppressed *rule,
                      const struct gad_suppress_question *q, uint64_t hash, size_t best)
{
    const struct gad_suppress_slot *s = slot_of(x, hash);

    if (!((double)q->score < s->below))
        return best;
    for (uint32_t i = s->first; i != 0 && i - 1 < best; i = x->next[i - 1])
        if (gad_suppress_meets(&rule[i - 1], q))
            return i - 1;
    return best;
}

static size_t ask_side(const struct gad_suppress_index *x, const struct gad_suppressed *rule,
                       const struct gad_suppress_question *q, const struct gad_suppress_kind *k,
                       const uint8_t *addr, size_t best)
{
    uint8_t masked[16];

    mask(addr, k->bits, masked);
    return ask_key(x, rule, q,
                   hash_of(x, k, masked, q->rec->tuple.dst_port, (int)q->rec->v[GAD_SERVICE]),
                   best);
}

size_t gad_suppress_index_ask(const struct gad_suppress_index *x, const struct gad_suppressed *rule,
                              const struct gad_suppress_question *q)
{
    const struct gad_tuple *t = &q->rec->tuple;
    static const uint8_t none[16] = {0};
    size_t best = GAD_SUPPRESS_NONE;

    for (size_t i = 0; i < x->n_kinds; i++) {
        const struct gad_suppress_kind *k = &x->kind[i];
        if (k->side != GAD_SIDE_NONE && k->family != t->family)
            continue;
        if (k->side == GAD_SIDE_NONE)
            best = ask_side(x, rule, q, k, none, best);
        if (k->side == GAD_SIDE_SRC || k->side == GAD_SIDE_HOST)
            best = ask_side(x, rule, q, k, t->src, best);
        if (k->side == GAD_SIDE_DST || k->side == GAD_SIDE_HOST)
            best = ask_side(x, rule, q, k, t->dst, best);
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
