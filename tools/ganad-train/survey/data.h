/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The rows of a survey. Equal rows have equal scores, to the bit, so of the rows that test each is kept and scored
 * once: two thirds of KDD99 are copies.
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
    size_t n;        /* rows that test, copies too */
    size_t n_scored; /* of the distinct rows the first so many are among them, no others */
    size_t positives;
    uint32_t *at; /* (n) which of the distinct rows each is */
    bool *positive;
};

struct survey_data {
    struct gad_table *table;
    struct gad_split split; /* its test rows: file order, copies too */
    uint32_t *distinct;     /* (n_distinct) rows of the table */
    size_t n_distinct;
    struct survey_rows sample[SURVEY_N_SAMPLES];

    struct rows rows; /* of one scaler at a time; test: the distinct ones */
    enum gad_scaler_kind scaler;
};

/* @some: rows of SURVEY_SOME, at most. GAD_EINVAL if labels are missing, or one class among the rows that test. */
int survey_data_load(struct survey_data *s, const struct data_request *data,
                     const struct eval_protocol *protocol, size_t some,
                     struct gad_diag *d) GAD_MUST_CHECK;
void survey_data_deinit(struct survey_data *s);

/* Makes s->rows those of this scaler, if they are not. */
int survey_data_scale(struct survey_data *s, enum gad_scaler_kind kind,
                      struct gad_diag *d) GAD_MUST_CHECK;
