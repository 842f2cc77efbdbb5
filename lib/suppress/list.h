/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The list of rules, each with a number and a count of hits. An index (index.c) keeps the cost of a
 * record at a tenth of a microsecond with ten thousand rules. It finds a rule by its rarest
 * network, its rarest port or range of ports, its service and its protocol.
 *
 * Limits: rules that differ in none of these are tried one by one, 6 to 15 ns each, unless the
 * record's score excludes them. So are ranges of ports beyond the first 30,000 or so.
 *
 * Thread: one at a time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/suppress/rule.h"

struct gad_buf;
struct gad_diag;
struct gad_suppress;

/* rules; about 560 bytes each, and 30 MiB more if they have ranges */
enum { GAD_SUPPRESS_MAX = 65536 };
#define GAD_SUPPRESS_ID_MAX INT64_MAX /* the last number given to a rule is one less */

struct gad_suppressed {
    uint64_t id; /* 1, 2, ...; never reused */
    struct gad_rule rule;
    struct gad_time created, last_hit; /* wall; 0: never */
    uint64_t hits;
};

int gad_suppress_new(struct gad_suppress **ret) GAD_MUST_CHECK;
void gad_suppress_free(struct gad_suppress *s);
GAD_DEFINE_CLEANUP(struct gad_suppress, gad_suppress_free);

/* Errors: GAD_ELIMIT: the list is full; GAD_EINVAL: rule @ret_id has the same conditions, or the
 * rule has expired at @now; GAD_ENOMEM. */
int gad_suppress_add(struct gad_suppress *s, const struct gad_rule *r, struct gad_time now,
                     uint64_t *ret_id, struct gad_diag *d) GAD_MUST_CHECK;

bool gad_suppress_remove(struct gad_suppress *s, uint64_t id); /* false: no such rule */

/* Removes expired rules. Returns their number. */
size_t gad_suppress_expire(struct gad_suppress *s, struct gad_time now);

size_t gad_suppress_count(const struct gad_suppress *s);
uint64_t gad_suppress_hits(const struct gad_suppress *s); /* since it was made or loaded */

/* Returns the first rule with a number of at least @from, or NULL. Rules are in the order of their
 * numbers. */
const struct gad_suppressed *gad_suppress_from(const struct gad_suppress *s, uint64_t from);

/**
 * gad_suppress_match() - tests whether a rule suppresses the alert for a record
 * Returns the lowest number of the rules that the record meets, and counts a hit of that rule; 0:
 * it meets none.
 */
uint64_t gad_suppress_match(struct gad_suppress *s, const struct gad_record *rec, const char *model,
                            float score, struct gad_time now);

/* Finds all rules that a record meets, and counts no hit. Returns their number; @id has the first
 * @max of them. */
size_t gad_suppress_test(const struct gad_suppress *s, const struct gad_record *rec,
                         const char *model, float score, struct gad_time now, uint64_t *id,
                         size_t max);

/* Writes the list as text, one rule a line. */
void gad_suppress_write(const struct gad_suppress *s, struct gad_buf *out);

/* Reads a text into an empty list. Errors: GAD_EFORMAT and those of gad_rule_parse(), with the line
 * in @d; the caller then frees the list. */
int gad_suppress_read(struct gad_suppress *s, const char *text, size_t len,
                      struct gad_diag *d) GAD_MUST_CHECK;
enum { GAD_SUPPRESS_FILE_MAX = 96 << 20 }; /* bytes */
