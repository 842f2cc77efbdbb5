/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One training of a survey, and the figures of each of its scores after each look.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "tools/ganad-train/survey/plan.h"

struct gad_diag;
struct survey_data;

/* At a threshold that is the protocol's percentile of the test scores. */
struct survey_figure {
    double precision, recall, f1, auroc;
};

/* The figures of a look after an epoch. */
struct survey_point {
    uint32_t epoch;  /* 1-based */
    double residual; /* mean |x - xhat| of training rows */
    struct survey_figure figure[SURVEY_VIEWS_MAX];
};

struct survey_training {
    uint64_t seed;
    size_t n_points;
    struct survey_point *point;
    double train_s, look_s; /* seconds */
};

/**
 * survey_train() - a training with one seed
 * @epochs:  in place of those of the plan
 * @percent: percentile of the test scores that is the threshold
 * Returns 0; GAD_END if Ctrl-C ended it, with @ret untouched; or as gad_trainer_epoch().
 */
int survey_train(const struct survey_plan *p, uint32_t epochs, uint64_t seed, double percent,
                 struct survey_data *data, bool quiet, struct survey_training *ret,
                 struct gad_diag *d) GAD_MUST_CHECK;
void survey_training_deinit(struct survey_training *t);
