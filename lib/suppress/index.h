/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Inside of list.h: list.c keeps the rules, file.c writes and reads them, index.c finds them, choose.c says by which of
 * their conditions, nodes.c finds networks.
 */

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

static inline unsigned gad_suppress_table(unsigned side, unsigned family)
{
    return 2 * side + (family == 6);
}

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

struct gad_suppress {
    size_t n, room;
    struct gad_suppressed *rule; /* (n), by number */
    uint64_t next_id, hits;
    struct gad_suppress_index index;
};

/* Chooses for each rule where it is, as node_of[rule], and makes the nodes (nodes.c). */
struct gad_suppress_choice {
    uint8_t table; /* or GAD_SUPPRESS_ANYWHERE */
    uint8_t port;  /* of enum gad_suppress_port */
    uint32_t node;
};
enum gad_suppress_port { GAD_PORT_NONE, GAD_PORT_DST, GAD_PORT_SRC };

int gad_suppress_choose(const struct gad_suppressed *rule, size_t n,
                        struct gad_suppress_choice *choice) GAD_MUST_CHECK;
int gad_suppress_nodes_build(struct gad_suppress_index *x, const struct gad_suppressed *rule,
                             size_t n, struct gad_suppress_choice *choice) GAD_MUST_CHECK;

/* The longest prefix of a table that holds an address of the family; 0: none. */
uint32_t gad_suppress_nodes_find(const struct gad_suppress_index *x, unsigned table,
                                 const uint8_t *addr);

/* What all rules of a key have the same; -1: any. */
struct gad_suppress_same {
    int service, proto;
};

/* Key of a rule or record at a node: a block of 2^level ports, level 16 is any. */
static inline uint64_t gad_suppress_key(uint32_t node, enum gad_suppress_port which, unsigned level,
                                        unsigned port, struct gad_suppress_same same)
{
    return (uint64_t)node << 41 | (uint64_t)(same.proto + 1) << 32 |
           (uint64_t)(uint8_t)(same.service + 1) << 24 |
           (level == 16
                ? UINT64_C(16) << 16
                : (uint64_t)(which == GAD_PORT_SRC) << 21 | (uint64_t)level << 16 | port >> level);
}

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

/* Adds a rule with its number, at the end. */
int gad_suppress_put(struct gad_suppress *s, const struct gad_suppressed *one,
                     struct gad_diag *d) GAD_MUST_CHECK;
