/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a model of one's own network does with the day that was held out: how many false alarms each budget gives there,
 * how sure that is, whether it agrees with the budget, and what it means in alerts an hour. The records of that day are
 * taken to be normal, as those that trained are.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "models/interval.h"
#include "tools/ganad-train/by_time.h"
#include "tools/ganad-train/fit/burst.h"

struct assembly;
struct gad_detector;

enum {
    BASELINE_BUDGETS = 4
}; /* 0.01, 0.001, 0.0001, and the one that was asked for if it is another */

struct baseline_figure {
    double budget;
    double threshold; /* from the scores that calibrate */
    uint64_t calibrated,
        found;                /* scores above it, of those that calibrate and of those that test */
    struct gad_interval rate; /* of false alarms, 95 % */
    struct gad_counts
        predicted; /* what found should lie in, 95 %, if the last day is as those before it */
};

struct baseline {
    struct time_slices slices;
    double contamination;    /* asked for: what is strange among the others is known */
    double hours;            /* of the records that test */
    double hourly;           /* records an hour of that time; NaN if they have all one time */
    size_t n_figures, asked; /* figure[asked] is the budget that was asked for */
    struct baseline_figure figure[BASELINE_BUDGETS]; /* largest budget first */
    struct burst trained, calibrated, held_out;      /* whoever scores fills them in */
};

/**
 * baseline_measure() - all figures but the bursts, which stay
 * @calibration: (n_calibration) scores, > 0; @contamination: share of them that the calibration left out
 * @test:        (n_test) scores of the detector, > 0
 */
void baseline_measure(const struct gad_detector *det, const struct time_slices *slices,
                      double budget, double contamination, size_t n_calibration,
                      const float *calibration, size_t n_test, const float *test,
                      struct baseline *ret);

/* Into the provenance of a checkpoint. */
void baseline_metrics(const struct baseline *b, struct assembly *a);

/* The table, for a person. */
void baseline_text(const struct baseline *b, FILE *f);

/* What is wrong with the figures and what to do about it, to the standard error. */
void baseline_warn(const struct baseline *b);
