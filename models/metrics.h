/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How well scores separate positives from negatives. Definitions are those of scikit-learn, also
 * for ties: rows with the same score are never separated, so no number here depends on the order of
 * the rows. Counts are integers, so the areas are exact up to their last division.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct gad_diag;
struct gad_ranking;

/**
 * gad_ranking_new() - sorts rows by score
 * @score:    (n), higher is more anomalous
 * @positive: (n), rows that should score high
 * Returns 0; GAD_EINVAL if n is 0 or a score is NaN or infinite (@d has the row); GAD_ENOMEM.
 */
int gad_ranking_new(size_t n, const float *score, const bool *positive, struct gad_ranking **ret,
                    struct gad_diag *d) GAD_MUST_CHECK;
void gad_ranking_free(struct gad_ranking *r);
GAD_DEFINE_CLEANUP(struct gad_ranking, gad_ranking_free);

uint64_t gad_ranking_n(const struct gad_ranking *r);
uint64_t gad_ranking_positives(const struct gad_ranking *r);

/* Probability that a positive scores above a negative, a tie counting half. NaN without both. */
double gad_ranking_auroc(const struct gad_ranking *r);

/* Area under the precision-recall points by the trapezoid rule, from (recall 0, precision 1), as
 * in the published figures. It is optimistic between points. NaN without positives. */
double gad_ranking_auprc(const struct gad_ranking *r);

/* Sum of precision times the step in recall: no interpolation. NaN without positives. */
double gad_ranking_average_precision(const struct gad_ranking *r);

/* Largest share of positives at or above any threshold that flags at most fpr of the negatives.
 * NaN without both. */
double gad_ranking_tpr_at_fpr(const struct gad_ranking *r, double fpr);

/**
 * gad_ranking_percentile() - numpy.percentile(score, q), linear interpolation
 * @q: 0 .. 100
 */
double gad_ranking_percentile(const struct gad_ranking *r, double q);

/* A corner of the curves: the positives and negatives that score at least @score. */
struct gad_ranking_point {
    float score;
    uint64_t tp, fp;
};

/**
 * gad_ranking_curve() - the ROC and precision-recall curves, with the corners that a picture needs
 * @detail: steps of an axis
 * @ret:    from the highest score to the lowest, at which all rows are flagged; without the point
 *          at which no row is. The caller frees it with gad_free().
 *
 * A corner is left out while both rates and the precision are within 1 / @detail of the last corner
 * that is kept. The logarithm of the false-positive rate must also be within 5 / @detail (an axis
 * of five decades). The first false positive is kept. For n rows that leaves at most about (8 + log
 * n) *
 * @detail corners, because the steps of the precision shrink as 1 / n.
 */
int gad_ranking_curve(const struct gad_ranking *r, unsigned detail, struct gad_ranking_point **ret,
                      size_t *ret_n) GAD_MUST_CHECK;

/* Labelled rows by whether a threshold flags them. */
struct gad_confusion {
    uint64_t tp, fp, tn, fn;
};

/* NaN where nothing was flagged, there are no positives, or neither. */
double gad_confusion_precision(const struct gad_confusion *c);
double gad_confusion_recall(const struct gad_confusion *c);
double gad_confusion_f1(const struct gad_confusion *c);
double gad_confusion_fpr(const struct gad_confusion *c); /* NaN without negatives */

static inline void gad_confusion_add(struct gad_confusion *c, bool positive, bool flagged)
{
    *(positive ? (flagged ? &c->tp : &c->fn) : (flagged ? &c->fp : &c->tn)) += 1;
}
