/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The contents of a report, before they are a page (page.c, with sections of charts.c, curves.c,
 * budgets.c and tables.c) or JSON (json.c). Nothing depends on the clock or on the directory: the
 * same input gives the same bytes.
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

/* A threshold from the calibration, and its effect on the test rows. */
struct report_budget {
    double budget, threshold;
    struct gad_confusion c; /* without labels all rows count as negatives */
};

enum { REPORT_BUDGETS = 10, REPORT_BINS = 72 };

/* Rows by score. Scores below the first edge are in the first bin. */
struct report_histogram {
    bool log; /* bins of equal width in the logarithm */
    double edge[REPORT_BINS + 1];
    /* Rows; without labels all are negatives. */
    double negative[REPORT_BINS], positive[REPORT_BINS];
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

/* Computes the contents after measure_run(). */
int report_make(struct report *r) GAD_MUST_CHECK;
void report_deinit(struct report *r);

struct json_t *report_json(const struct report *r); /* NULL: out of memory */

/* The caller checks b->bad at the end. */
void report_page(const struct report *r, struct gad_buf *b);

/* The sections, each with its heading. */
void report_losses(const struct report *r, struct gad_buf *b);
void report_scores(const struct report *r, struct gad_buf *b);
void report_curves(const struct report *r, struct gad_buf *b);
void report_budgets(const struct report *r, struct gad_buf *b);
void report_classes(const struct report *r, struct gad_buf *b);
void report_importance(const struct report *r, struct gad_buf *b);

/* "attacks", "normal connections" or "rows": those that should be flagged, and those that should
 * not. */
const char *report_positives(const struct report *r);
const char *report_negatives(const struct report *r);

/* Whether there are positives and negatives, so that there are curves. */
bool report_has_curves(const struct report *r);

/* A paragraph with the reason why curves are missing. */
void report_why_no_curves(const struct report *r, struct gad_buf *b);
