/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The results of a survey as a table and as JSON.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/base/err.h"
#include "tools/ganad-train/survey/pick.h"

struct gad_diag;
struct eval_protocol;
struct survey_data;

struct survey_findings {
    const struct survey_data *data;
    const struct eval_protocol *protocol;
    size_t n_seeds; /* requested */
    bool complete;
    size_t n;
    const struct survey_result *result;
};

/* Prints a plan with its figures beside the published ones; nothing if no training was finished. */
void survey_print(const struct survey_result *r, const struct survey_data *data, FILE *f);

/* Prints how the figures are to be read. */
void survey_print_labels(const struct eval_protocol *p, FILE *f);

/* "egbad, loss bce, no residual term" */
enum { SURVEY_TITLE = 96 };
void survey_title(const struct survey_plan *p, char text[static SURVEY_TITLE]);

/* Writes the file atomically. */
int survey_write_json(const struct survey_findings *s, const char *path,
                      struct gad_diag *d) GAD_MUST_CHECK;
