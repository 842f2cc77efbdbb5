/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Warnings on standard error of what the rows cannot teach a model. They are never an error: a
 * small network has few records.
 */

#include <stdbool.h>
#include <stddef.h>

/* Scores above a threshold at which the rate is known within a third, one standard deviation. */
#define SHORTFALLS_ENOUGH 10.0

struct gad_split;
struct gad_table;
struct rows;

/* Before training: checks columns and services of the training rows and the number of
 * calibration rows.
 * @folds: the training rows calibrate.
 * @r: not scaled yet. @own: the rows are of the operator's network, so that a column that never
 *     varies is
 * not a property of a public data set. */
void shortfalls_warn(const struct rows *r, const struct gad_table *t, const struct gad_split *split,
                     bool own, bool folds);

/**
 * shortfalls_days() - whole days to record, all of them, for 10 / budget rows that calibrate
 * @daily: rows a day, > 0
 *
 * At least 3, so that the last can be held out. If these rows fit into folds (folds.h), all of
 * them calibrate. Else three fifths of the days before the last do (by_time.h).
 */
double shortfalls_days(double budget, double daily);
