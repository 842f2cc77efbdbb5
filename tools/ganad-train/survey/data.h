/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The rows of a survey. Equal rows have equal scores, to the bit, so each distinct test row is kept
 * and scored once: two thirds of KDD99 are copies.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/dataset/split.h"
#include "tools/ganad-train/rows.h"
#include "tools/ganad-train/survey/plan.h"

struct data_request;
struct gad_diag;
struct gad_table;
struct eval_protocol;

struct survey_rows {
    size_t n;        /* test rows, with copies */
    size_t n_scored; /* the first n_scored distinct rows are all that it needs */
    size_t positives;
    uint32_t *at; /* (n) index of the distinct row */
    bool *positive;
};

struct survey_data {
    struct gad_table *table;
    struct gad_split split; /* its test rows: in file order, with copies */
    uint32_t *distinct;     /* (n_distinct) rows of the table */
    size_t n_distinct;
    struct survey_rows sample[SURVEY_N_SAMPLES];

    struct rows rows; /* of one scaler at a time; test: the distinct rows */
    enum gad_scaler_kind scaler;
};

/* @some: at most this many rows in SURVEY_SOME. GAD_EINVAL if labels are missing, or if the test
 *        rows have
 * only one class. */
int survey_data_load(struct survey_data *s, const struct data_request *data,
                     const struct eval_protocol *protocol, size_t some,
                     struct gad_diag *d) GAD_MUST_CHECK;
void survey_data_deinit(struct survey_data *s);

/* Scales s->rows with this scaler unless they already are. */
int survey_data_scale(struct survey_data *s, enum gad_scaler_kind kind,
                      struct gad_diag *d) GAD_MUST_CHECK;
