/* SPDX-License-Identifier: Apache-2.0 */
#include "models/interval.h"

#include <math.h>

#include "lib/base/mem.h"

enum { TERMS_MAX = 10000, HALVINGS = 200 };

#define TAIL 0.025 /* probability outside, on each side */

/* The continued fraction of I_x(a, b) by Lentz's method; converges fast for x < (a + 1) / (a + b
 * + 2). Source: Abramowitz and Stegun 26.5.8. */
static double fraction(double a, double b, double x)
{
    const double tiny = 1e-300;
    double c = 1.0, d = 1.0 - (a + b) * x / (a + 1.0);

    d = 1.0 / (fabs(d) < tiny ? tiny : d);
    double f = d;
    for (int i = 1; i <= TERMS_MAX; i++) {
        double m = i;
        for (int odd = 0; odd < 2; odd++) {
            double t = odd ? -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
                           : m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
            d = 1.0 + t * d;
            c = 1.0 + t / c;
            d = 1.0 / (fabs(d) < tiny ? tiny : d);
            c = fabs(c) < tiny ? tiny : c;
            f *= c * d;
        }
        if (fabs(c * d - 1.0) < 1e-15)
            break;
    }
    return f;
}

/* lgamma() writes to a global variable of the C library; lgamma_r() does not. */
static double log_gamma(double v)
{
    int sign;
    return lgamma_r(v, &sign);
}

/* Regularised incomplete beta function I_x(a, b), 0 <= x <= 1, a and b > 0, to about 1e-12. */
static double incomplete_beta(double a, double b, double x)
{
    gad_assert(a > 0.0 && b > 0.0 && x >= 0.0 && x <= 1.0);
    if (x == 0.0 || x == 1.0)
        return x;
    double front = exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * log(x) + b * log1p(-x));
    if (x < (a + 1.0) / (a + b + 2.0))
        return front * fraction(a, b, x) / a;
    return 1.0 - front * fraction(b, a, 1.0 - x) / b;
}

/* The x with I_x(a, b) = p, by halving: I_x grows with x. */
static double quantile(double a, double b, double p)
{
    double low = 0.0, high = 1.0;

    for (int i = 0; i < HALVINGS && low < high; i++) {
        double mid = low + (high - low) / 2;
        if (mid == low || mid == high)
            break;
        if (incomplete_beta(a, b, mid) < p)
            low = mid;
        else
            high = mid;
    }
    return low;
}

struct gad_interval gad_binomial_interval(uint64_t k, uint64_t n)
{
    gad_assert(n > 0 && k <= n);
    double hits = (double)k, misses = (double)(n - k);

    return (struct gad_interval){
        .low = k == 0 ? 0.0 : quantile(hits, misses + 1.0, TAIL),
        .high = k == n ? 1.0 : quantile(hits + 1.0, misses, 1.0 - TAIL),
    };
}

/* log of the probability that j of m values are above. */
static double log_chance(double k, double n, double m, double j)
{
    return log_gamma(m + 1.0) - log_gamma(j + 1.0) - log_gamma(m - j + 1.0) + log_gamma(n + 1.0) -
           log_gamma(k + 1.0) - log_gamma(n - k) + log_gamma(k + 1.0 + j) +
           log_gamma(n - k + m - j) - log_gamma(n + m + 1.0);
}

/* chance(j + 1) / chance(j) */
static double step(double k, double n, double m, double j)
{
    return (m - j) / (j + 1.0) * (k + 1.0 + j) / (n - k + m - j - 1.0);
}

/* Probability of a count below j, and above() of one above j: the sum of terms until the rest is
 * negligible. The terms fall if j is on that side of the most probable count. */
static double below(double k, double n, double m, double j)
{
    double term = j > 0.0 ? exp(log_chance(k, n, m, j - 1.0)) : 0.0, sum = term;

    j -= 1.0;
    while (j > 0.0 && term > sum * 1e-12) {
        term /= step(k, n, m, j - 1.0);
        sum += term;
        j -= 1.0;
    }
    return sum;
}

static double above(double k, double n, double m, double j)
{
    double term = j < m ? exp(log_chance(k, n, m, j + 1.0)) : 0.0, sum = term;

    j += 1.0;
    while (j < m && term > sum * 1e-12) {
        term *= step(k, n, m, j);
        sum += term;
        j += 1.0;
    }
    return sum;
}

struct gad_counts gad_prediction_interval(uint64_t k, uint64_t n, uint64_t m)
{
    gad_assert(k < n);
    double hits = (double)k, all = (double)n, more = (double)m;
    /* At most one below the most probable count, or 0. */
    uint64_t middle = (uint64_t)(hits / all * more), low = 0, high = m;

    for (uint64_t end = middle; low < end;) { /* the largest with at most TAIL below it */
        uint64_t mid = end - (end - low) / 2;
        if (below(hits, all, more, (double)mid) <= TAIL)
            low = mid;
        else
            end = mid - 1;
    }
    for (uint64_t begin = middle; begin < high;) { /* the smallest with at most TAIL above it */
        uint64_t mid = begin + (high - begin) / 2;
        if (above(hits, all, more, (double)mid) <= TAIL)
            high = mid;
        else
            begin = mid + 1;
    }
    return (struct gad_counts){low, high};
}
