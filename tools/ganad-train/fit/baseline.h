/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Measures a model of the operator's network on the held-out day: the false alarms of each budget,
 * their interval, whether they agree with the budget, and the alerts an hour. The records of that
 * day are assumed to be normal, like those that trained.
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

/* 0.01, 0.001, 0.0001, and the requested one if it is another. */
enum { BASELINE_BUDGETS = 4 };

struct baseline_figure {
    double budget;
    double threshold;           /* from the calibration scores */
    uint64_t calibrated, found; /* calibration and test scores above it */
    struct gad_interval rate;   /* of false alarms, 95 % */
    /* The 95 % range of found if the last day is like those before it. */
    struct gad_counts predicted;
};

struct baseline {
    struct time_slices slices;
    double contamination;    /* of --contamination; above 0 no bursts are reported */
    double hours;            /* span of the test records */
    double hourly;           /* records an hour in that span; NaN if all have the same time */
    double days;             /* span of all records */
    double daily;            /* records a day in that span; NaN as above */
    bool has_tail;           /* budgets below 1 / (n + 1) are extrapolated */
    size_t n_figures, asked; /* figure[asked] has the requested budget */
    struct baseline_figure figure[BASELINE_BUDGETS]; /* largest budget first */
    struct burst trained, calibrated, held_out;      /* set by the caller */
};

/**
 * baseline_measure() - sets all figures except the bursts
 * @calibration: (n_calibration) scores, > 0; @contamination: the share that the calibration left
 *               out
 * @test:        (n_test) scores of the detector, > 0
 */
void baseline_measure(const struct gad_detector *det, const struct time_slices *slices,
                      double budget, double contamination, size_t n_calibration,
                      const float *calibration, size_t n_test, const float *test,
                      struct baseline *ret);

/* Adds the metrics to the provenance of a checkpoint. */
void baseline_metrics(const struct baseline *b, struct assembly *a);

/* Prints the table. */
void baseline_text(const struct baseline *b, FILE *f);

/* Prints warnings about the figures and how to fix their causes to standard error. */
void baseline_warn(const struct baseline *b);
