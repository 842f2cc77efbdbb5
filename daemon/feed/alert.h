/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* An alert: one anomalous record, why it is one, and who says so. */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/time.h"

struct gad_reason;
struct gad_record;

/* Everything is borrowed; an alert lives while it is formatted. */
struct alert {
    const char *sensor;
    uint64_t run; /* random, of this run of the daemon */
    uint64_t seq; /* 1, 2, ... in this run: sensor, run and seq name an alert for ever */
    struct gad_time wall;
    const struct gad_record *record;

    const char *model;
    const char *model_sha256; /* hex */
    float score, threshold;
    double p_value;
    double fpr_budget; /* 0: the threshold was given outright */
    unsigned risk;     /* 0 .. 100 */
    unsigned severity; /* 1 high, 2 medium, 3 low */

    size_t n_top;
    const struct gad_reason *top; /* (n_top), largest share first */
};

/**
 * alert_risk() - how rare among normal records, in 0 .. 100
 * @n_calibration: held-out normal rows behind the p-value, which is never below 1 / (n + 1)
 *
 * 100 * log(p) / log(1 / (n + 1)): 0 for what every normal record exceeds, 100 for what none of them
 * reached; with 100,000 rows each 20 points are a factor of ten.
 */
unsigned alert_risk(double p_value, uint64_t n_calibration);

unsigned alert_severity(unsigned risk);
