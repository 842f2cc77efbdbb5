/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * From trainings to figures: which epoch a figure is taken from, and the spread of a figure over
 * several seeds.
 */

#include "tools/ganad-train/survey/train.h"

/* The look that a figure is taken from. Only the first uses the labels of the test rows. */
enum survey_pick { SURVEY_BEST, SURVEY_LAST, SURVEY_RESIDUAL, SURVEY_N_PICKS };
extern const char *const survey_pick_names[SURVEY_N_PICKS];   /* in JSON */
extern const char *const survey_pick_phrases[SURVEY_N_PICKS]; /* in the table */

/* Of equally good points the earliest. @t has at least one point. */
const struct survey_point *survey_pick(const struct survey_training *t, enum survey_pick pick,
                                       size_t view);

enum { SURVEY_SEEDS_MAX = 100 };

/* The finished trainings of one plan. */
struct survey_result {
    const struct survey_plan *plan;
    uint32_t epochs;
    size_t n;                         /* at most SURVEY_SEEDS_MAX */
    struct survey_training *training; /* by seed */
};

/* Of a figure over seeds; all NaN for n = 0. */
struct spread {
    size_t n;
    double mean, sd; /* sd: with n - 1; NaN for fewer than two */
    double least;
};

/* Spread over seeds of the figure at @offset of a struct survey_figure; value (n): by seed. */
struct spread survey_spread(const struct survey_result *r, enum survey_pick pick, size_t view,
                            size_t offset, double value[static SURVEY_SEEDS_MAX]);
