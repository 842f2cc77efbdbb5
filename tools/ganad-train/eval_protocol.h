/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The protocols of lib/dataset/split.h as this program runs them, and one by time: also where the threshold comes from
 * and what is said about it. They are never mixed: the survey's asks how well published figures can be
 * repeated, `normal` asks how well a sensor would do, `baseline` makes one for one's own network.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/dataset/split.h"

struct gad_table;

#define EVAL_PROTOCOL_BUDGET                                                                       \
    0.001 /* of false alarms; the default of fpr_budget in ganadd.conf(5) */

struct eval_protocol {
    const char *name;
    enum gad_protocol kind;
    bool by_time;           /* tools/ganad-train/by_time.h instead of halves */
    bool trains_on_attacks; /* then normal connections are the positives */
    double percentile; /* of the test scores, the published threshold; 0: from the calibration */
    double calibration_share; /* default share of the training class that is held out */
    const char *labels;       /* what labels are used for, for the report */
};

/* The value of --protocol. */
int eval_protocol_parse(const char *text, const struct eval_protocol **ret,
                        struct gad_diag *d) GAD_MUST_CHECK;

/**
 * eval_protocol_choose() - who trains, who calibrates, who tests
 * @share: part of the training class that is held out of training for calibration; 0: none is, and the
 *         training class of the test half calibrates, because the published setting trains on all its rows
 * @all:   no test half: all rows of the class train or calibrate
 *
 * Rows of a table without labels all count as normal.
 */
int eval_protocol_choose(const struct eval_protocol *p, const struct gad_table *t, double share,
                         bool all, struct gad_split *ret, struct gad_diag *d) GAD_MUST_CHECK;
