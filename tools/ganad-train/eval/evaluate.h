/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Figures from scores and labels, printed as text or JSON.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/base/err.h"
#include "models/metrics.h"

struct gad_diag;
struct gad_table;
struct json_t;

/* Flagged rows of one attack class, of one category of attacks, or of the normal rows. */
struct tally {
    const char *name, *category; /* both the same for a category */
    uint64_t n, flagged;
};

struct evaluation {
    uint64_t n, positives, flagged;
    double threshold;
    bool inclusive; /* a score equal to the threshold is flagged */
    /* The threshold on a scale from the lowest of these scores, 0, to the highest, 1: the
     * survey's Eq. 13, with s - min S for its s + min S. Only for display: it depends on the
     * other scores. */
    double scaled_threshold;
    struct gad_confusion confusion;
    double auroc, auprc, average_precision, tpr_at_1_percent, tpr_at_0_1_percent;
    struct tally *class, *category; /* largest first */
    size_t n_classes, n_categories;
    bool *positive;              /* (n); NULL without labels */
    struct gad_ranking *ranking; /* NULL without labels */
};

/**
 * evaluate() - computes all figures
 * @row:                (n) rows of the table; NULL: its first n
 * @score:              (n) their scores
 * @normal_is_positive: else attacks are
 * @percentile:         the threshold is this percentile of the scores, inclusive; 0: it is
 *                      @threshold, exclusive
 */
int evaluate(const struct gad_table *t, size_t n, const uint32_t *row, const float *score,
             bool normal_is_positive, double percentile, double threshold, struct evaluation *ret,
             struct gad_diag *d) GAD_MUST_CHECK;
void evaluation_deinit(struct evaluation *e);

/* Rows without labels: sets n and flagged; all other figures are NaN. */
void evaluate_unlabelled(size_t n, const float *score, double threshold, struct evaluation *ret);

/* Positives and negatives above a threshold, exclusive. */
struct gad_confusion evaluation_at(const struct evaluation *e, const float *score,
                                   double threshold);

void evaluation_text(const struct evaluation *e, FILE *f);

/* Adds its keys to an object. -1: out of memory. */
int evaluation_json(const struct evaluation *e, struct json_t *object);
