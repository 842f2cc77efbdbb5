/* SPDX-License-Identifier: Apache-2.0 */
/*
 * By which of its conditions a rule is found: the network and the port that the fewest others have, and service and
 * protocol. So
 * ten thousand rules of one source and different destinations are found by these, and the other way round.
 */
#include <string.h>

#include "lib/base/siphash.h"
#include "lib/suppress/index.h"

/* How many rules have something, by a hash without its keys: a collision makes it look less rare, no more. */
struct counts {
    uint32_t *n;
    size_t mask;
};

static const struct gad_ports *ports_of(const struct gad_rule *r, enum gad_suppress_port which)
{
    static const struct gad_ports none = {0};
    return which == GAD_PORT_DST ? &r->dport : which == GAD_PORT_SRC ? &r->sport : &none;
}

static uint32_t *count_of(const struct counts *c, const struct gad_rule *r, unsigned table,
                          enum gad_suppress_port which)
{
    static const uint64_t key[2] = {0}; /* whoever writes rules may make them slow */
    const struct gad_network *networks[] = {&r->src, &r->dst, &r->host};
    const struct gad_ports *p = ports_of(r, which);
    bool is_range = p->first != p->last;
    uint64_t word[5] = {0};

    word[0] = table | (uint64_t)which << 8 | (uint64_t)is_range << 16 |
              (uint64_t)(is_range ? 0 : p->first) << 32 |
              (uint64_t)(uint8_t)(r->service == GAD_RULE_ANY ? 0 : r->service + 1) << 48;
    word[4] = (uint64_t)(r->proto + 1);
    if (table != GAD_SUPPRESS_ANYWHERE) {
        word[1] = networks[table / 2]->bits;
        memcpy(&word[2], networks[table / 2]->addr, 16);
    }
    return &c->n[gad_siphash13(key, word, 5) & c->mask];
}

/* The places where a rule can be; returns how many. */
static size_t places(const struct gad_rule *r, struct gad_suppress_choice to[static 6])
{
    const struct gad_network *networks[] = {&r->src, &r->dst, &r->host};
    uint8_t table[3] = {GAD_SUPPRESS_ANYWHERE}, port[2] = {GAD_PORT_NONE};
    size_t n_tables = 0, n_ports = 0, n = 0;

    for (unsigned side = 0; side < 3; side++)
        if (networks[side]->family != 0)
            table[n_tables++] = (uint8_t)gad_suppress_table(side, networks[side]->family);
    if (r->dport.is_set)
        port[n_ports++] = GAD_PORT_DST;
    if (r->sport.is_set)
        port[n_ports++] = GAD_PORT_SRC;
    for (size_t t = 0; t < n_tables || t == 0; t++)
        for (size_t p = 0; p < n_ports || p == 0; p++)
            to[n++] = (struct gad_suppress_choice){.table = table[t], .port = port[p]};
    return n;
}

int gad_suppress_choose(const struct gad_suppressed *rule, size_t n,
                        struct gad_suppress_choice *choice)
{
    gad_cleanup(gad_freep) uint32_t *counted = NULL;
    struct gad_suppress_choice place[6];
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
