/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Inside of list.h: list.c keeps the rules, index.c finds them, file.c writes and reads them. */

#include "lib/suppress/list.h"

#define GAD_SUPPRESS_NONE SIZE_MAX

/* What is asked of the rules. */
struct gad_suppress_question {
    const struct gad_record *rec;
    const char *model;
    float score;
    struct gad_time now;
};

/* Which of an address rules are found by. */
enum gad_suppress_side { GAD_SIDE_NONE, GAD_SIDE_SRC, GAD_SIDE_DST, GAD_SIDE_HOST };

/* Rules of one kind: by this side, this prefix, a single port or not, a service or not. */
struct gad_suppress_kind {
    uint8_t side, family, bits;
    bool with_port, with_service;
};

enum { GAD_SUPPRESS_KINDS = (3 * (33 + 129) + 1) * 4 };

struct gad_suppress_slot {
    uint64_t hash;
    uint32_t first; /* rule, plus 1; 0: free */
    double below;   /* a record that does not score below it meets none of them */
};

struct gad_suppress_index {
    bool is_stale;
    uint64_t secret[2];
    size_t n_kinds, n_slots; /* n_slots is a power of two */
    struct gad_suppress_kind kind[GAD_SUPPRESS_KINDS];
    struct gad_suppress_slot *slot;
    uint32_t *next; /* (rules): the next rule of the same key, plus 1; 0: none */
};

struct gad_suppress {
    size_t n, room;
    struct gad_suppressed *rule; /* (n), by number */
    uint64_t next_id, hits;
    struct gad_suppress_index index;
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

/* Adds a rule with its number, at the end. */
int gad_suppress_put(struct gad_suppress *s, const struct gad_suppressed *one,
                     struct gad_diag *d) GAD_MUST_CHECK;
