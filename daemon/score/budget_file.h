/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The file of [budget] state: what ganadd knows of the budgets of its models, so that a restart
 * changes no threshold. An entry belongs to a model of the configuration, its checkpoint and its
 * budget; with another checkpoint, the entry is not used. Text, line by line:
 *
 *     ganad-budget 1
 *     model SHA256 BUDGET NAME
 *     state HOUR LEVEL CHANGED SINCE OVER_SINCE ALPHA IS_EXACT RECENT
 *     hour HOUR N K APART                (at most 24)
 *     day DAY N K APART LOW HIGH LEVEL   (at most 14)
 *     above LEVEL N                      (at most 97)
 *     end
 *
 * Names as in struct budget_state. A file with anything else is refused as a whole.
 *
 * Thread: main.
 */

#include <stddef.h>
#include <stdint.h>

#include "daemon/config/config.h"
#include "daemon/score/budget.h"
#include "lib/base/err.h"

struct gad_buf;
struct gad_diag;

enum { BUDGET_ENTRIES_MAX = 2 * CONFIG_MODELS_MAX, BUDGET_FILE_MAX = 512 << 10 };

struct budget_entry {
    char name[CONFIG_NAME_MAX + 1];
    char sha256[65]; /* hex */
    struct budget_state is;
};

struct budget_table {
    size_t n;
    struct budget_entry of[BUDGET_ENTRIES_MAX]; /* the latest is the last one */
};

/* @file: for messages. On failure @ret has no entry. */
int budget_parse(const char *file, const char *text, size_t len, struct budget_table *ret,
                 struct gad_diag *d) GAD_MUST_CHECK;
void budget_print(const struct budget_table *t, struct gad_buf *out);

/* No file: no entries. */
int budget_read(const char *path, struct budget_table *ret, struct gad_diag *d) GAD_MUST_CHECK;
int budget_write(const char *path, const struct budget_table *t, struct gad_diag *d) GAD_MUST_CHECK;

/* NULL: none. */
struct budget_entry *budget_find(struct budget_table *t, const char *name, const char *sha256,
                                 double fpr_budget);

/* Replaces the entry of this model and checkpoint; a full table gives up its oldest one. */
void budget_put(struct budget_table *t, const char *name, const char *sha256,
                const struct budget_state *s);
