/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One training of a survey, and how good each of its scores is along the way.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "tools/ganad-train/survey/plan.h"

struct gad_diag;
struct survey_data;

/* At a threshold that is the protocol's percentile of the scores of the rows that test. */
struct survey_figure {
    double precision, recall, f1, auroc;
};

/* A look after an epoch. */
struct survey_point {
    uint32_t epoch;  /* 1-based */
    double residual; /* mean |x - xhat| of rows that train */
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
 * @epochs:  in place of the plan's
 * @percent: of the test scores, the threshold
 * Return: 0; GAD_END if Ctrl-C ended it, with nothing in @ret; or as the trainer's.
 */
int survey_train(const struct survey_plan *p, uint32_t epochs, uint64_t seed, double percent,
                 struct survey_data *data, bool quiet, struct survey_training *ret,
                 struct gad_diag *d) GAD_MUST_CHECK;
void survey_training_deinit(struct survey_training *t);
