/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a survey found, for people and for scripts.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/base/err.h"
#include "tools/ganad-train/survey/spread.h"
#include "tools/ganad-train/survey/train.h"

struct gad_diag;
struct eval_protocol;
struct survey_data;

enum { SURVEY_SEEDS_MAX = 100 };

/* The trainings of one plan that were finished. */
struct survey_result {
    const struct survey_plan *plan;
    uint32_t epochs;
    size_t n;                         /* at most SURVEY_SEEDS_MAX */
    struct survey_training *training; /* by seed */
};

struct survey_findings {
    const struct survey_data *data;
    const struct eval_protocol *protocol;
    size_t n_seeds; /* asked for */
    bool complete;
    size_t n;
    const struct survey_result *result;
};

/* A plan with its figures beside the published ones; nothing if no training was finished. */
void survey_print(const struct survey_result *r, const struct survey_data *data, FILE *f);

/* What the figures are and are not. */
void survey_print_labels(const struct eval_protocol *p, FILE *f);

/* "egbad, loss bce, no residual term" */
enum { SURVEY_TITLE = 96 };
void survey_title(const struct survey_plan *p, char text[static SURVEY_TITLE]);

/* Atomically. */
int survey_write_json(const struct survey_findings *s, const char *path,
                      struct gad_diag *d) GAD_MUST_CHECK;

/* The figure that is at this offset of a struct survey_figure, over seeds. */
struct spread survey_spread(const struct survey_result *r, enum survey_pick pick, size_t view,
                            size_t offset, double value[static SURVEY_SEEDS_MAX]);
