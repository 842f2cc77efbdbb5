/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of list.h: list.c keeps, writes and reads the rules; the index finds them. */

#include "lib/suppress/list.h"

#define GAD_SUPPRESS_NONE SIZE_MAX

/* A record that rules are tried on. */
struct gad_suppress_question {
    const struct gad_record *rec;
    const char *model;
    float score;
    struct gad_time now;
};

/* Tables of networks: of the originator, the responder or either side, for IPv4 and IPv6. */
enum { GAD_SUPPRESS_TABLES = 6, GAD_SUPPRESS_ANYWHERE = GAD_SUPPRESS_TABLES };

/* An address in host order, so that prefixes sort as they nest; IPv4 is the upper half of @hi. */
struct gad_suppress_addr {
    uint64_t hi, lo;
};

/* A prefix of one table, or any address. The rules that a connection can meet by that table are at
 * the longest prefix that holds its address, and at the prefixes around that one. */
struct gad_suppress_node {
    struct gad_suppress_addr addr;
    /* bits of ports (index.c) of its rules; [1]: with a service, [2]: with a protocol, [3]: with
     * both */
    uint64_t kinds[4];
    uint32_t outer; /* node of the next shorter prefix; 0: any address */
    uint8_t bits;
};

/* Rules of one key. The key is complete, not a hash. */
struct gad_suppress_slot {
    uint64_t key;
    uint32_t first, n; /* entries */
    double below;      /* a record that scores this or more meets none of them */
};

/* About 150 bytes a rule, and up to 30 MiB more for rules with ranges of ports. */
struct gad_suppress_index {
    bool is_stale;
    size_t n_nodes, n_slots, n_entries;      /* n_slots is a power of two */
    struct gad_suppress_node *node;          /* 0: anywhere */
    uint32_t table[GAD_SUPPRESS_TABLES + 1]; /* nodes of t: table[t] .. table[t + 1] - 1 */
    struct gad_suppress_slot *slot;
    uint32_t *entry; /* rules, by key, then by number */
    double *below;   /* score_below: the largest of each 64 entries */
};

int gad_suppress_index_build(struct gad_suppress_index *x, const struct gad_suppressed *rule,
                             size_t n) GAD_MUST_CHECK;
void gad_suppress_index_deinit(struct gad_suppress_index *x); /* frees it; it is stale then */

/* Returns the first rule that the record meets, or GAD_SUPPRESS_NONE. */
size_t gad_suppress_index_ask(const struct gad_suppress_index *x, const struct gad_suppressed *rule,
                              const struct gad_suppress_question *q);
size_t gad_suppress_ask_each(const struct gad_suppressed *rule, size_t n,
                             const struct gad_suppress_question *q);

static inline bool gad_suppress_is_over(const struct gad_suppressed *s, struct gad_time now)
{
    return s->rule.expires.ns != 0 && s->rule.expires.ns <= now.ns;
}

static inline bool gad_suppress_meets(const struct gad_suppressed *s,
                                      const struct gad_suppress_question *q)
{
    return !gad_suppress_is_over(s, q->now) && gad_rule_meets(&s->rule, q->rec, q->model, q->score);
}
