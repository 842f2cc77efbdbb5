/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Gradients against central differences, in double (GAD_NN_DOUBLE).
 *
 * An element agrees if |analytic - numeric| <= 1e-6 * max(|analytic|, |numeric|, floor), floor
 * being 1/1000 of the largest element of its tensor: below that the difference quotient is
 * rounding. Where a step crosses the kink of a ReLU or of |x| the quotient is wrong however good
 * the gradient, so the step is made smaller, twice; 1e-4 / 32^2 = 1e-7 still leaves 1e-9 for
 * rounding.
 */

#include <math.h>
#include <stdio.h>

#include "lib/base/rng.h"
#include "lib/nn/real.h"
#include "tests/unit/test.h"

static const double gradcheck_tolerance = 1e-6;

static inline double gradcheck_error(double (*loss)(void *ctx), void *ctx, gad_real *p,
                                     double analytic, double floor)
{
    double least = INFINITY, h = 1e-4;

    for (int k = 0; k < 3 && least > gradcheck_tolerance; k++, h /= 32) {
        gad_real was = *p;

        *p = was + h;
        double up = loss(ctx);
        *p = was - h;
        double numeric = (up - loss(ctx)) / (2 * h);
        *p = was;
        double size = fmax(fmax(fabs(analytic), fabs(numeric)), floor);
        double error = size > 0 ? fabs(analytic - numeric) / size : 0;
        least = fmin(least, error);
    }
    return least;
}

/* Up to `most` elements of p (n) spread evenly, the first and the last among them. */
static inline void gradcheck(const char *what, double (*loss)(void *ctx), void *ctx, gad_real *p,
                             const gad_real *analytic, size_t n, size_t most)
{
    double floor = 0, worst = 0;
    size_t n_checks = n < most ? n : most;

    for (size_t i = 0; i < n; i++)
        floor = fmax(floor, 1e-3 * fabs((double)analytic[i]));
    for (size_t k = 0; k < n_checks; k++) {
        size_t i = n_checks > 1 ? k * (n - 1) / (n_checks - 1) : 0;
        double error = gradcheck_error(loss, ctx, &p[i], (double)analytic[i], floor);

        if (error > gradcheck_tolerance)
            fail_msg("%s: element %zu of %zu: relative error %g, analytic %.12g", what, i, n, error,
                     (double)analytic[i]);
        worst = fmax(worst, error);
    }
    print_message("    %-28s %5zu elements, largest relative error %.1e\n", what, n_checks, worst);
    assert_true(floor > 0); /* a gradient that is all zero proves nothing */
}

static inline void gradcheck_fill(struct gad_rng *rng, double scale, gad_real *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float v;
        gad_rng_normal(rng, 1, &v);
        p[i] = (gad_real)(scale * (double)v);
    }
}
