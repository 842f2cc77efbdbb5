/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The daemon's list of expected records (lib/suppress), and its file, which is written anew when a rule comes or goes,
 * once a minute if there were hits, and at the end. Without a file the list is for this run. Thread: main.
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

/* Reads the file, if there is one. @path: "" for none; must outlive it. */
int suppressor_new(struct event_base *base, const char *path, struct suppressor **ret,
                   struct gad_diag *d) GAD_MUST_CHECK;
/* Could the file be read now, if there is one? What would keep rules from being saved is a warning. */
int suppressor_check(const char *path, struct gad_diag *d) GAD_MUST_CHECK;
void suppressor_free(struct suppressor *s);
GAD_DEFINE_CLEANUP(struct suppressor, suppressor_free);

/* Number of the rule that expects the record, whose hit is counted; 0: none does. NULL is an empty list. */
uint64_t suppressor_match(struct suppressor *s, const struct gad_record *rec, const char *model,
                          float score);

/* From text. What cannot be saved is taken back, and an error. */
int suppressor_add(struct suppressor *s, const char *text, size_t len, uint64_t *ret_id,
                   struct gad_diag *d) GAD_MUST_CHECK;
/* It is gone in any case; an error if the file still has it, which is tried again. */
int suppressor_remove(struct suppressor *s, uint64_t id, struct gad_diag *d) GAD_MUST_CHECK;

const struct gad_suppress *suppressor_list(const struct suppressor *s);
