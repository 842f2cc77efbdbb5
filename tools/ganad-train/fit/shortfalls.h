/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What rows cannot teach, said plainly, to the standard error. Never an error: a small sensor has what it has.
 */

#include <stdbool.h>

struct gad_split;
struct gad_table;
struct rows;

/* Before training: columns and services of the rows that train, and how many calibrate. @r: not scaled yet. @own: the
 * rows are of one's own network, so that what never varies is no property of a public data set. */
void shortfalls_warn(const struct rows *r, const struct gad_table *t, const struct gad_split *split,
                     bool own);
