/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A plain float64 reading of the papers' formulas: one row at a time, nothing computed once for many. */

struct gad_checkpoint;

enum { FORMULA_DIM = 121 };

/* @x: (121) one scaled row */
double formula_score(const struct gad_checkpoint *c, const double *x);
