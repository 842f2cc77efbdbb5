/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Records of one's own network in the order of their time: the first ones train, later ones calibrate, and the last day
 * measures what the threshold that came from the calibration does. Never at random: a record's windows look at those
 * before it, so that neighbours on both sides of a split know of each other, and what is asked is how the model will do
 * on days that are still to come.
 *
 *      trains                                  calibrates           measures
 *      |---------------------------------------|--|-----------------|--|----------------------|
 *      first record                            gap                  gap           last record
 *
 * Which days: see by_time_split(). Between the slices a gap is left, of as many records as a window may look back.
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

/* Both ends included. */
struct time_range {
    struct gad_time from, to;
};

struct time_choice {
    double budget;     /* of false alarms, 0 .. 1: 10 / budget rows should calibrate */
    size_t n_left_out; /* ranges whose rows count for nothing */
    const struct time_range *left_out; /* (n_left_out) */
};

struct time_slice {
    size_t n;
    struct gad_time from, to; /* of its first and last record */
};

struct time_slices {
    struct time_slice train, calibration, test;
    bool by_day;    /* the last day tests; else a fifth of the rows */
    size_t gap;     /* rows between slices, all together */
    size_t untimed; /* rows without a time, left out */
    size_t attacks; /* rows with the label of an attack, left out */
    size_t ranges;  /* rows of the ranges that were to be left out */
};

/* Do the first rows of the first file say when they were, and not what they are? */
bool by_time_fits(const struct cli_list *files);

/**
 * by_time_split() - who trains, who calibrates, who tests
 * @ret:    on success; train and calibration in random order, test in order of time; gad_split_deinit()
 *
 * With three days or more the last 24 hours test, and as many days before them calibrate as it takes for the rows of
 * the budget, one at least, as long as two fifths of the rest are left to train; if no day leaves so much, a third of
 * the rest calibrates. With less than three days, or next to nothing on the last one, the last fifth of the rows tests
 * and the fifth before it calibrates.
 * Return: 0; GAD_EINVAL with @d if no row has a time or one of the three would be empty; GAD_ENOMEM.
 */
int by_time_split(const struct gad_table *t, const struct time_choice *choice,
                  struct gad_split *ret, struct time_slices *ret_slices,
                  struct gad_diag *d) GAD_MUST_CHECK;
