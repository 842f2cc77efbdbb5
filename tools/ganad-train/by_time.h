/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Records of the operator's network, split by time: the first ones train, later ones calibrate, and
 * the last day measures the threshold from the calibration. A random split would be wrong for two
 * reasons. A record's window features depend on the records before it, so neighbours on both sides
 * of a random split share information. And the question is how the model performs on later days.
 *
 *      trains                                  calibrates           measures
 *      |---------------------------------------|--|-----------------|--|----------------------|
 *      first record                            gap                  gap           last record
 *
 * by_time_split() says which days. The gap between slices has as many records as a window covers.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/time.h"
#include "lib/dataset/split.h"

struct cli_list;
struct gad_diag;
struct gad_table;

/* Includes both ends. */
struct time_range {
    struct gad_time from, to;
};

struct time_choice {
    double budget;     /* of false alarms, 0 .. 1: 10 / budget rows should calibrate */
    size_t n_left_out; /* number of ranges whose rows are left out */
    const struct time_range *left_out; /* (n_left_out) */
    /* Up to this many rows no slice is left out of training: folds calibrate. 0: never. */
    size_t together;
};

struct time_slice {
    size_t n;
    struct gad_time from, to; /* of its first and last record */
};

struct time_slices {
    struct time_slice train, calibration, test;
    bool by_day;    /* the last day tests; else a fifth of the rows */
    bool together;  /* all rows train, in order of time; those that test are the last of them */
    double share;   /* of the rows of the files, gad_table_share() */
    size_t gap;     /* rows between slices, sum of both gaps */
    size_t untimed; /* rows without a time, left out */
    size_t attacks; /* rows with the label of an attack, left out */
    size_t ranges;  /* rows in the ranges that are left out */
};

/* Whether the first row of the first file has a time and no label. False for what is not a regular
 * file, which can be read only once. */
bool by_time_fits(const struct cli_list *files);

/**
 * by_time_split() - chooses the training, calibration and test rows
 * @ret:    train and calibration in random order, test in order of time; free with
 *          gad_split_deinit()
 *
 * With three days or more (less an hour) the last 24 hours test. The days before them calibrate: at
 * least one, and as many as are needed for 10 / budget rows, provided that two fifths of the
 * remaining rows are left to train. If already one day leaves fewer, a third of the remaining rows
 * calibrates. With less than three days the last fifth of the rows tests and the fifth before it
 * calibrates. So it is if the last 24 hours have less than a hundredth or more than half of the
 * rows.
 *
 * With few rows (choice->together) train has all rows in order of time, calibration none, and test
 * has the last day as before: the caller needs folds (fit/folds.h). slices->calibration is all that
 * comes before that day.
 *
 * Of a table that is a sample, only drawn rows calibrate and test (gad_table_is_drawn()): there are
 * too many of the others.
 *
 * Returns 0; GAD_EINVAL with @d if no row has a time or fewer than 5 normal rows do;
 * GAD_ENOMEM.
 */
int by_time_split(const struct gad_table *t, const struct time_choice *choice,
                  struct gad_split *ret, struct time_slices *ret_slices,
                  struct gad_diag *d) GAD_MUST_CHECK;
