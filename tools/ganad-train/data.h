/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Files of records in, scores out: what fit and eval both do.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct cli_list;
struct gad_detector;
struct gad_diag;
struct gad_table;

/* All files in order; skipped lines are told on stderr. No rows at all is an error. */
int data_load(const struct cli_list *files, bool skip_bad, struct gad_table **ret,
              struct gad_diag *d) GAD_MUST_CHECK;

/* @row: (n) rows of the table; NULL: its first n. @score: (n) */
int data_score(const struct gad_detector *det, const struct gad_table *t, size_t n,
               const uint32_t *row, float *score) GAD_MUST_CHECK;
