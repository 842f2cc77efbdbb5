/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How well scores tell positives from negatives. Definitions are scikit-learn's, ties included: rows with
 * the same score are never told apart, so no number here depends on the order of the rows. Counts are kept
 * as integers, so the areas are exact up to their last division.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct gad_diag;
struct gad_ranking;

/**
 * gad_ranking_new() - sort rows by score
 * @score:    (n), higher is stranger
 * @positive: (n), what a high score should mean
 * Return: 0; GAD_EINVAL if n is 0 or a score is NaN or infinite (@d names the row); GAD_ENOMEM.
 */
int gad_ranking_new(size_t n, const float *score, const bool *positive, struct gad_ranking **ret,
                    struct gad_diag *d) GAD_MUST_CHECK;
void gad_ranking_free(struct gad_ranking *r);
GAD_DEFINE_CLEANUP(struct gad_ranking, gad_ranking_free);

uint64_t gad_ranking_n(const struct gad_ranking *r);
uint64_t gad_ranking_positives(const struct gad_ranking *r);

/* Probability that a positive scores above a negative, a tie counting half. NaN without both. */
double gad_ranking_auroc(const struct gad_ranking *r);

/* Area under the precision-recall points by the trapezoid rule, from (recall 0, precision 1): what the published
 * figures use. It is optimistic between points. NaN without positives. */
double gad_ranking_auprc(const struct gad_ranking *r);

/* Sum of precision times the step in recall: no interpolation. NaN without positives. */
double gad_ranking_average_precision(const struct gad_ranking *r);

/* Largest share of positives at or above any threshold that flags at most fpr of the negatives. NaN without both. */
double gad_ranking_tpr_at_fpr(const struct gad_ranking *r, double fpr);

/**
 * gad_ranking_percentile() - numpy.percentile(score, q), linear interpolation
 * @q: 0 .. 100
 */
double gad_ranking_percentile(const struct gad_ranking *r, double q);

/* A corner of the curves: so many rows score at least this. */
struct gad_ranking_point {
    float score;
    uint64_t tp, fp;
};

/**
 * gad_ranking_curve() - both curves, ROC and precision-recall, by as few corners as a picture needs
 * @detail: as many steps as an axis has
 * @ret:    the caller's (gad_free()), from the highest score to the lowest, where all rows are; the point at which
 *          no row is flagged is not among them
 *
 * A corner is left out while neither rate nor the precision is 1 / @detail away from the last one kept, nor the
 * false-positive rate's logarithm 5 / @detail (an axis of five decades). The first false positive is kept. For n rows
 * that leaves at most about (8 + log n) * @detail corners, because the precision's steps shrink as 1 / n.
 */
int gad_ranking_curve(const struct gad_ranking *r, unsigned detail, struct gad_ranking_point **ret,
                      size_t *ret_n) GAD_MUST_CHECK;

/* What a threshold makes of labelled rows. */
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
