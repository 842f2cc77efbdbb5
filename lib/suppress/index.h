/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of list.h: list.c keeps the rules, writes and reads them; the index finds them. */

#include "lib/suppress/list.h"

#define GAD_SUPPRESS_NONE SIZE_MAX

/* What is asked of the rules. */
struct gad_suppress_question {
    const struct gad_record *rec;
    const char *model;
    float score;
    struct gad_time now;
};

/* Which of its networks a rule is found by: originator, responder or either side, IPv4 or IPv6. */
enum { GAD_SUPPRESS_TABLES = 6, GAD_SUPPRESS_ANYWHERE = GAD_SUPPRESS_TABLES };

/* An address in host order, so that prefixes sort as they nest; IPv4 is the upper half of @hi. */
struct gad_suppress_addr {
    uint64_t hi, lo;
};

/*
 * A place where rules are: a prefix of one table, or anywhere. All rules that a connection can meet by that table are at
 * the longest prefix that holds its address and at those around it.
 */
struct gad_suppress_node {
    struct gad_suppress_addr addr;
    uint64_t kinds[4]; /* bits of ports (index.c) of its rules; with 1: a service, 2: a protocol */
    uint32_t outer;    /* node of the prefix around it; 0: none */
    uint8_t bits;
};

/* Rules of the same key; the key is all of it, not a hash. */
struct gad_suppress_slot {
    uint64_t key;
    uint32_t first, n; /* entries */
    double below;      /* a record that does not score below it meets none of them */
};

/* About 150 bytes a rule, and up to 30 MiB more for rules of ranges of ports. */
struct gad_suppress_index {
    bool is_stale;
    size_t n_nodes, n_slots, n_entries;      /* n_slots is a power of two */
    struct gad_suppress_node *node;          /* 0: anywhere */
    uint32_t table[GAD_SUPPRESS_TABLES + 1]; /* nodes of t: from table[t] until table[t + 1] */
    struct gad_suppress_slot *slot;
    uint32_t *entry; /* rules, by key, then by number */
    double *below;   /* the largest of each 64 entries */
};

int gad_suppress_index_build(struct gad_suppress_index *x, const struct gad_suppressed *rule,
                             size_t n) GAD_MUST_CHECK;
void gad_suppress_index_deinit(struct gad_suppress_index *x); /* is stale then */

/* The first rule that is met, or GAD_SUPPRESS_NONE. */
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
