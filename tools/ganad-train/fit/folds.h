/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Calibration without rows that are lost to training, for few rows. The rows are cut into k folds
 * in their order. A model with the same settings trains on all other folds and scores this one. The
 * model that is delivered trains on all rows. The out-of-fold scores are its calibration.
 *
 *     rows      |--- 1 ---|--- 2 ---|--- 3 ---|--- 4 ---|--- 5 ---|
 *     model 2     trains  g   scores  g          trains              g: gap, neither
 *
 * The networks of two trainings have different scales of scores. A fold's scores are therefore
 * multiplied by the median ratio of both models' scores, over the rows that trained both. A fold's
 * model has seen fewer rows, so its scores, and the thresholds, are rather too high: the safe side.
 *
 *     rows       k
 *     - 2,000    10
 *     - 20,000   5
 *     above      0: a tenth of them, or later days, is enough to calibrate
 *
 * The epochs of a fold are those of the whole, but all folds together read at most 1.4 million
 * rows: training costs at most twice that of the delivered model.
 *
 * Folds of records by time are whole stretches of time, so that their scores also differ as days
 * differ. If the shares of high scores differ between folds by more than chance, the scores say
 * less than as many independent ones: folds_worth().
 *
 * Source: Barber, Candes, Ramdas and Tibshirani (2021), Predictive inference with the jackknife+:
 * its CV+, with quantiles of one pooled sample instead of k models at the time of scoring.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

enum { FOLDS_MAX = 10, FOLDS_ROWS_MAX = 20000, FOLDS_AUTO = FOLDS_MAX + 1 };

struct folds {
    size_t n; /* rows */
    size_t k; /* folds; 0: all else is unused */
    size_t gap;
    size_t begin[FOLDS_MAX + 1]; /* fold f: the rows begin[f] .. begin[f + 1] - 1 */
    float *all;                  /* (k, n) scores of all rows by each fold's model */
    float *score;                /* (n) out-of-fold, on the scale of the delivered model */
    double ratio[FOLDS_MAX];     /* of the delivered model's scores to those of a fold's */
    double residual;             /* out-of-fold mean of |x - x'| */
    uint32_t epochs;             /* of each fold's model */
};

/* The rule above; 0: no folds. @asked: as in struct fit_options. */
size_t folds_number(size_t n, unsigned asked);
size_t folds_rows_max(unsigned asked); /* of which folds can calibrate */

/**
 * folds_layout() - cuts n rows
 * @last: rows of the last fold, the held-out day; 0: as many as the others
 * @apart: the most rows on each side of a fold that do not train its model; at most a twentieth of
 *         a fold
 */
void folds_layout(size_t n, size_t k, size_t last, size_t apart, struct folds *ret);

/* Whether this row trains the model of a fold. */
bool folds_trains(const struct folds *f, size_t fold, size_t row);

/* Epochs of each fold's model. */
uint32_t folds_epochs(const struct folds *f, uint32_t epochs);

/* Sets score and ratio. @whole: (n) scores of the rows by the delivered model. */
int folds_map(struct folds *f, const float *whole) GAD_MUST_CHECK;

/* Number of independent rows that say as much as the first k folds: n divided by the variance of
 * the share of high scores between folds, as a multiple of that by chance; at least k. A score is
 * high if it is among the highest 2 %, or among the highest 5 * k if these are more. */
uint64_t folds_worth(const struct folds *f, size_t k);

void folds_deinit(struct folds *f);
