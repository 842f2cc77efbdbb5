/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The list of rules, with a number and a count of hits for each, and an index so that ten thousand of them cost a record
 * a tenth of a microsecond. A rule is found by that network and that port, or range of ports, which the fewest others have,
 * and by its service and protocol. What still costs is many rules that differ in none of these: they are tried one by one,
 * in 6 to 15 ns each, but for those of a score that the record does not have; so are ranges beyond the first 30,000 or so.
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

enum { GAD_SUPPRESS_MAX = 65536 }; /* rules; about 560 bytes each, and 30 MiB if they have ranges */
#define GAD_SUPPRESS_ID_MAX INT64_MAX /* the last number that is given is one less */

struct gad_suppressed {
    uint64_t id; /* 1, 2, ...; never used again */
    struct gad_rule rule;
    struct gad_time created, last_hit; /* wall; 0: never */
    uint64_t hits;
};

int gad_suppress_new(struct gad_suppress **ret) GAD_MUST_CHECK;
void gad_suppress_free(struct gad_suppress *s);
GAD_DEFINE_CLEANUP(struct gad_suppress, gad_suppress_free);

/* GAD_ELIMIT: the list is full; GAD_EINVAL: rule @ret_id has the same conditions, or it is over @now; GAD_ENOMEM. */
int gad_suppress_add(struct gad_suppress *s, const struct gad_rule *r, struct gad_time now,
                     uint64_t *ret_id, struct gad_diag *d) GAD_MUST_CHECK;

bool gad_suppress_remove(struct gad_suppress *s, uint64_t id); /* false: there is none */

/* Rules whose time is over go; how many did. */
size_t gad_suppress_expire(struct gad_suppress *s, struct gad_time now);

size_t gad_suppress_count(const struct gad_suppress *s);
uint64_t gad_suppress_hits(const struct gad_suppress *s); /* since it was made or loaded */

/* Rules in the order of their numbers: the first with a number of at least @from, or NULL. */
const struct gad_suppressed *gad_suppress_from(const struct gad_suppress *s, uint64_t from);

/**
 * gad_suppress_match() - is it expected?
 * Return: the lowest number of the rules that a record meets, whose hits are counted; 0: none.
 */
uint64_t gad_suppress_match(struct gad_suppress *s, const struct gad_record *rec, const char *model,
                            float score, struct gad_time now);

/* All rules that a record meets, without counting; returns how many, of which @id has the first @max. */
size_t gad_suppress_test(const struct gad_suppress *s, const struct gad_record *rec,
                         const char *model, float score, struct gad_time now, uint64_t *id,
                         size_t max);

/* As a file: a line each. */
void gad_suppress_write(const struct gad_suppress *s, struct gad_buf *out);

/* Into an empty list. GAD_EFORMAT and others, with the line in @d; the list is to be freed then. */
int gad_suppress_read(struct gad_suppress *s, const char *text, size_t len,
                      struct gad_diag *d) GAD_MUST_CHECK;
enum { GAD_SUPPRESS_FILE_MAX = 96 << 20 }; /* bytes */
