/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The daemon's list of suppression rules (lib/suppress), and its file. The file is rewritten when a
 * rule is added or removed, once a minute if there were hits, and at the end. Without a file the
 * rules last until the daemon stops. Thread: main.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct event_base;
struct gad_diag;
struct gad_record;
struct gad_suppress;
struct suppressor;

/* Reads the file, if it exists. @path: "" for none; must outlive it. */
int suppressor_new(struct event_base *base, const char *path, struct suppressor **ret,
                   struct gad_diag *d) GAD_MUST_CHECK;
/* Whether the file, if it exists, could be read now. Logs a warning if rules could not be saved. */
int suppressor_check(const char *path, struct gad_diag *d) GAD_MUST_CHECK;
void suppressor_free(struct suppressor *s);
GAD_DEFINE_CLEANUP(struct suppressor, suppressor_free);

/* The number of the rule that matches the record, whose hit is counted; 0: none. @s may be NULL. */
uint64_t suppressor_match(struct suppressor *s, const struct gad_record *rec, const char *model,
                          float score);

/* Parses and adds a rule. If it cannot be saved, removes it again and fails. */
int suppressor_add(struct suppressor *s, const char *text, size_t len, uint64_t *ret_id,
                   struct gad_diag *d) GAD_MUST_CHECK;
/* Removes a rule in any case; fails if the file still has it, which is retried. */
int suppressor_remove(struct suppressor *s, uint64_t id, struct gad_diag *d) GAD_MUST_CHECK;

const struct gad_suppress *suppressor_list(const struct suppressor *s);
