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

/* Regularised incomplete beta function I_x(a, b), 0 <= x <= 1, a and b > 0, to about 1e-12. */
double gad_incomplete_beta(double a, double b, double x);
