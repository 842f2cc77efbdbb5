/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How sure a share is that was counted: the 95 % interval of Clopper and Pearson (1934), which is exact: whatever the
 * true share, at least 95 of 100 such intervals contain it.
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
 * gad_prediction_interval() - how many of @m new values will lie above a threshold that @k of @n lay above
 *
 * The threshold is one of the n values, as a calibration has it, so that the rate above it is itself uncertain: it is
 * distributed as Beta(k + 1, n - k), whatever the values' distribution (the (n - k)-th of n uniform numbers), with the
 * mean (k + 1) / (n + 1). The count is then beta-binomial. At least 95 of 100 counts lie in low .. high, both included,
 * and at most 2.5 of 100 on each side of it, if the new values are like the old ones and no two depend on each other;
 * with ties at the threshold there may be fewer. Source: Wilks (1942), Statistical prediction with special reference to
 * the problem of tolerance limits.
 *
 * k < n. m = 0 gives 0 .. 0. Time and memory do not depend on n; time is that of the interval's width.
 */
struct gad_counts gad_prediction_interval(uint64_t k, uint64_t n, uint64_t m);
