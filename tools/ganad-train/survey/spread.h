/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What several runs of the same thing came to.
 */

#include <stddef.h>

struct spread {
    size_t n;
    double mean, sd; /* sd: with n - 1; NaN for fewer than two */
    double least;
};

/* NaN throughout for n = 0. */
struct spread spread_of(size_t n, const double *v);
