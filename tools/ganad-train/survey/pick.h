/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * From trainings to figures: which epoch a figure is taken from, and the spread of a figure over
 * several seeds.
 */

#include "tools/ganad-train/survey/train.h"

/* Which look a figure is taken from. Only the first asks the labels of the rows that test. */
enum survey_pick { SURVEY_BEST, SURVEY_LAST, SURVEY_RESIDUAL, SURVEY_N_PICKS };
extern const char *const survey_pick_names[SURVEY_N_PICKS];   /* in JSON */
extern const char *const survey_pick_phrases[SURVEY_N_PICKS]; /* for people */

/* The earliest of those that are equally good. @t has a point. */
const struct survey_point *survey_pick(const struct survey_training *t, enum survey_pick pick,
                                       size_t view);

enum { SURVEY_SEEDS_MAX = 100 };

/* The trainings of one plan that were finished. */
struct survey_result {
    const struct survey_plan *plan;
    uint32_t epochs;
    size_t n;                         /* at most SURVEY_SEEDS_MAX */
    struct survey_training *training; /* by seed */
};

struct spread {
    size_t n;
    double mean, sd; /* sd: with n - 1; NaN for fewer than two */
    double least;
};

/* NaN throughout for n = 0. */
struct spread spread_of(size_t n, const double *v);

/* The figure that is at this offset of a struct survey_figure, over seeds. */
struct spread survey_spread(const struct survey_result *r, enum survey_pick pick, size_t view,
                            size_t offset, double value[static SURVEY_SEEDS_MAX]);
