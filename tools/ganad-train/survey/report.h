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
#include "tools/ganad-train/survey/pick.h"

struct gad_diag;
struct eval_protocol;
struct survey_data;

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
