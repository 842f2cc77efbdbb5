/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Trains the models of the folds (folds.h) and calibrates a checkpoint with their scores.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct assembly;
struct fit_options;
struct folds;
struct gad_diag;
struct gad_split;
struct gad_table;

/* Whether these options can use folds. If not, @why says the option that needs held-out rows. */
bool folds_fit(const struct fit_options *o, struct gad_diag *why);

/**
 * folds_choose() - the folds of a split, if there are to be some
 * @s: its calibration rows become training rows, in the order of the table if @in_order
 * @last: rows of the held-out day, which are the last; 0: of no day
 * Sets o->folds to the number of folds.
 */
int folds_choose(struct folds *f, struct fit_options *o, struct gad_split *s, bool in_order,
                 size_t last) GAD_MUST_CHECK;

/**
 * folds_run() - trains the models of all folds and scores all rows
 * @row: (n) rows of the table, in order of time or at random
 * The number of epochs in @o is final. Returns 0; GAD_END if Ctrl-C ended it; errors as a training.
 */
int folds_run(struct folds *f, const struct fit_options *o, const struct gad_table *t,
              const uint32_t *row, struct gad_diag *d) GAD_MUST_CHECK;

/* Sets the calibration of @a to the scores of the first k folds. */
int folds_calibration(const struct folds *f, size_t k, struct assembly *a,
                      struct gad_diag *d) GAD_MUST_CHECK;
