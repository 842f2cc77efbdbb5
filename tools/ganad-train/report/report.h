/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * All that a report says of a checkpoint, before it is a page (page.c, with the pictures of charts.c)
 * or JSON (json.c). Nothing here depends on the clock or on the folder: the same input gives the same bytes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "models/metrics.h"
#include "tools/ganad-train/eval/measure.h"
#include "tools/ganad-train/report/importance.h"

struct gad_buf;
struct json_t;

struct report_options {
    struct measure_options measure;
    const char *out, *json;
    const char *title, *date; /* "" if not given */
};

/* A threshold from the calibration, and what it does to the rows that test. */
struct report_budget {
    double budget, threshold;
    struct gad_confusion c; /* without labels all rows count as negatives */
};

enum { REPORT_BUDGETS = 10, REPORT_BINS = 72 };

/* Rows by score. Scores below the first edge are in the first bin. */
struct report_histogram {
    bool log; /* bins of equal width in the logarithm */
    double edge[REPORT_BINS + 1];
    double negative[REPORT_BINS],
        positive[REPORT_BINS]; /* rows; without labels all are negatives */
};

struct report {
    const struct report_options *o;
    struct measurement m;
    struct report_budget budget[REPORT_BUDGETS];
    struct report_histogram histogram;
    size_t n_curve;
    struct gad_ranking_point *curve; /* (n_curve); NULL without labels */
    struct importance importance;
};

/* m has been run. */
int report_make(struct report *r) GAD_MUST_CHECK;
void report_deinit(struct report *r);

struct json_t *report_json(const struct report *r); /* NULL: out of memory */

/* The buffer is asked once, at the end, whether all of it fitted. */
void report_page(const struct report *r, struct gad_buf *b);

/* The sections with pictures, each a heading and what is under it. */
void report_losses(const struct report *r, struct gad_buf *b);
void report_scores(const struct report *r, struct gad_buf *b);
void report_curves(const struct report *r, struct gad_buf *b);
void report_budgets(const struct report *r, struct gad_buf *b);
void report_classes(const struct report *r, struct gad_buf *b);
void report_importance(const struct report *r, struct gad_buf *b);

/* "attacks", "normal connections", "rows": what is flagged rightly, and what wrongly. */
const char *report_positives(const struct report *r);
const char *report_negatives(const struct report *r);

/* Both kinds of rows are there, so that there is a curve. */
bool report_has_curves(const struct report *r);

/* Why there is none, as a paragraph. */
void report_why_no_curves(const struct report *r, struct gad_buf *b);
