/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The papers' formulas in plain float64, one row at a time, without shared intermediate results. */

struct gad_checkpoint;

enum { FORMULA_DIM = 121 };

/* @x: (121) one scaled row */
double formula_score(const struct gad_checkpoint *c, const double *x);
