/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The evaluation protocols of this program: those of lib/dataset/split.h and one by time, each with
 * the source of its threshold and a text about its labels. They are never mixed. `survey`
 * reproduces published figures, `normal` measures how well a sensor would detect, `baseline` makes
 * a model of the operator's network.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/dataset/split.h"

struct gad_table;

/* Of false alarms; the default of fpr_budget in ganadd.conf(5). */
#define EVAL_PROTOCOL_BUDGET 0.001

struct eval_protocol {
    const char *name;
    enum gad_protocol kind;
    bool by_time;           /* split by by_time.h instead of into halves */
    bool trains_on_attacks; /* then normal connections are the positives */
    /* Threshold: this percentile of the test scores, as published; 0: from the calibration. */
    double percentile;
    double calibration_share; /* default held-out share of the training class */
    const char *labels;       /* use of the labels, for the report */
};

/* Parses the value of --protocol. */
int eval_protocol_parse(const char *text, const struct eval_protocol **ret,
                        struct gad_diag *d) GAD_MUST_CHECK;

/**
 * eval_protocol_choose() - chooses the training, calibration and test rows
 * @share: share of the training class that is held out of training for calibration. 0: no rows are,
 *         and the training class of the test half calibrates, because the published setting trains
 *         on all its rows
 * @all:   no test half: all rows of the class train or calibrate
 *
 * Rows of a table without labels all count as normal.
 */
int eval_protocol_choose(const struct eval_protocol *p, const struct gad_table *t, double share,
                         bool all, struct gad_split *ret, struct gad_diag *d) GAD_MUST_CHECK;
