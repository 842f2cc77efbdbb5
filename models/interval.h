/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Intervals of a counted share: the 95 % interval of Clopper and Pearson (1934). It is exact: for
 * any true share, at least 95 of 100 such intervals contain it.
 */

#include <stdint.h>

struct gad_interval {
    double low, high;
};

/* k of n were counted; k <= n, n > 0. */
struct gad_interval gad_binomial_interval(uint64_t k, uint64_t n);

struct gad_counts {
    uint64_t low, high;
};

/**
 * gad_prediction_interval() - number of @m new values above a threshold that @k of @n were above
 *
 * The threshold is one of the n values, as in a calibration, so the rate above it is itself
 * uncertain. For any distribution of the values it is distributed as Beta(k + 1, n - k) (the (n -
 * k)-th of n uniform numbers), with the mean (k + 1) / (n + 1). The count is then beta-binomial. At
 * least 95 of 100 counts lie in low .. high, both included, and at most 2.5 of 100 on each side of
 * it. This holds if the new values are like the old ones and no two depend on each other; with ties
 * at the threshold counts can be lower. Source: Wilks (1942), Statistical prediction with special
 * reference to the problem of tolerance limits.
 *
 * k < n. m = 0 gives 0 .. 0. Time and memory do not depend on n; time grows with the interval's
 * width.
 */
struct gad_counts gad_prediction_interval(uint64_t k, uint64_t n, uint64_t m);
