/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * P-values beyond the calibration sample by peaks over threshold: the excesses of scores over a
 * high level follow a generalised Pareto distribution (GPD) in the limit (Balkema and de Haan
 * 1974, Pickands 1975). Siffer et al. (2017), Anomaly Detection in Streams with Extreme Value
 * Theory, use it in the same way.
 *
 * n scores calibrate, k of them are peaks above the level u. For a score s beyond the highest of
 * them, the estimate is
 *
 *     G(s) = (k + 1) / (n + 1) * (1 + shape * (s - u) / scale)^(-1 / shape)
 *
 * At the highest score the p-value is 1 / (n + 1), as it is without a tail. From there log p
 * changes over to log G linearly, within a factor of ten of G or more. So the p-value is
 * continuous, never rises with the score, and is never below GAD_TAIL_P_MIN.
 *
 * The 95 % interval has two parts: the profile likelihood of shape and scale, and the number of
 * peaks. Intervals by the curvature at the maximum (delta method) are of no use here: at shapes
 * of 0 and less they cover the true rate in 30 to 80 % of samples. The fit therefore stores the
 * curve around the maximum on which the likelihood is lower by GAD_TAIL_DROP. The least and the
 * greatest G on that curve are the ends of the profile interval, at every score. The interval also
 * contains the one that follows from the highest score alone, in case that score lies far from the
 * fit.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct gad_ckpt_tail;
struct gad_interval;

enum { GAD_TAIL_PEAKS_MIN = 50, GAD_TAIL_PEAKS_MAX = 1000 };

/* Smallest extrapolated p-value: no sample of records is large enough to show a smaller one. */
#define GAD_TAIL_P_MIN 1e-12
/* Of the log likelihood. 1.92 is the limit of large samples for 95 %; the rest is for samples of
 * few peaks, for which 1.92 covers in 89 to 94 %. */
#define GAD_TAIL_DROP 2.25

/**
 * gad_tail_fit() - fits a tail to a sample
 * @sorted: (n) ascending, finite
 *
 * The level: of the highest 2 % (as Siffer et al.), at most GAD_TAIL_PEAKS_MAX, then of fewer by
 * a factor of sqrt(2) at a time, the first set that fits. It fits if the Anderson-Darling
 * statistic is not among the highest tenth of those of 99 samples that are drawn from the fit, and
 * refitted. That tests peaks of normal traffic against their own fit and uses no labels. At least
 * three quarters of the peaks must be distinct. Shapes are sought in -0.5 .. 2: below, maximum
 * likelihood is not regular (Smith 1985); above, a score says next to nothing of its rarity.
 *
 * The same sample gives the same tail; the draws have a fixed seed. Without a tail ret->state has
 * the reason and all else is 0.
 * Returns 0 or GAD_ENOMEM.
 */
int gad_tail_fit(size_t n, const float *sorted, struct gad_ckpt_tail *ret) GAD_MUST_CHECK;

/* Why a checkpoint has no tail, or "fitted"; for gad_ckpt_tail.state. */
const char *gad_tail_state_text(unsigned state);

/**
 * gad_tail_p() - p-value of a score beyond the sample
 * @t:       fitted
 * @n:       scores of the sample
 * @highest: of them
 * @score:   above it
 * Returns at most 1 / (n + 1).
 */
double gad_tail_p(const struct gad_ckpt_tail *t, uint64_t n, double highest, double score);

/* The 95 % interval of the share of normal rows that score at least this high. It contains
 * gad_tail_p(). low can be 0. */
struct gad_interval gad_tail_interval(const struct gad_ckpt_tail *t, uint64_t n, double highest,
                                      double score);
