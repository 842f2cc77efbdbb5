/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>

#include "lib/base/rng.h"
#include "models/interval.h"
#include "tests/unit/test.h"

static void close_to(double got, double want)
{
    assert_true(fabs(got - want) <= 1e-10 * (1.0 + fabs(want)));
}

/* Values by scipy.stats.beta.ppf. */
static void intervals_are_those_of_clopper_and_pearson(void **state)
{
    (void)state;
    static const struct {
        uint64_t k, n;
        double low, high;
    } cases[] = {
        {0, 10, 0, 0.308497107819},
        {10, 10, 0.691502892181, 1},
        {1, 2, 0.0125791170934, 0.987420882907},
        {5, 100, 0.0164318791821, 0.112834911105},
        {486, 48629, 0.00912902504939, 0.0109182689712},
        {4, 48629, 2.24122803094e-05, 0.000210593091191},
        {49, 4865, 0.00746030716919, 0.0132940171796},
        {1, 1000000, 2.53178076638e-08, 5.57163065517e-06},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct gad_interval got = gad_binomial_interval(cases[i].k, cases[i].n);
        close_to(got.low, cases[i].low);
        close_to(got.high, cases[i].high);
    }
}

static void an_interval_holds_the_share_and_shrinks(void **state)
{
    (void)state;
    double width = 1.0;

    for (uint64_t n = 10; n <= UINT64_C(10000000000); n *= 10) {
        struct gad_interval i = gad_binomial_interval(n / 10, n);
        assert_true(i.low < 0.1 && i.high > 0.1 && i.high - i.low < width);
        width = i.high - i.low;
    }
}

/* Values by whole numbers: C(k + j, j) C(n - k - 1 + m - j, m - j) of C(n + m, m) are the
 * chances of a count j. */
static void prediction_intervals_are_exact(void **state)
{
    (void)state;
    static const uint64_t cases[][5] = {
        {0, 1, 1, 0, 1},        {0, 10, 10, 0, 4},      {0, 100, 1000, 0, 38},
        {1, 10, 10, 0, 6},      {9, 10, 10, 6, 10},     {5, 10, 1, 0, 1},
        {10, 1000, 500, 1, 12}, {1, 1000, 3000, 0, 18}, {20, 2000, 2000, 10, 35},
        {3, 3000, 2500, 0, 9},  {0, 3000, 3000, 0, 5},  {30, 3000, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const uint64_t *c = cases[i];
        struct gad_counts got = gad_prediction_interval(c[0], c[1], c[2]);
        if (got.low != c[3] || got.high != c[4])
            fail_msg("%llu of %llu, %llu more: %llu to %llu", (unsigned long long)c[0],
                     (unsigned long long)c[1], (unsigned long long)c[2],
                     (unsigned long long)got.low, (unsigned long long)got.high);
    }
}

static int ascending(const void *pa, const void *pb)
{
    const uint64_t *a = pa, *b = pb;
    return (*a > *b) - (*a < *b);
}

/* The interval holds for any distribution of values: the count of new ones above an old one. */
static void a_prediction_holds_for_95_of_100_samples(void **state)
{
    (void)state;
    enum { TRIALS = 2000, N = 1000, M = 700 };
    struct gad_rng rng = gad_rng_init(7, 1);
    static uint64_t old[N];
    unsigned outside[2] = {0, 0};

    for (uint64_t k = 0; k <= 10; k += 10) {
        struct gad_counts i = gad_prediction_interval(k, N, M);
        for (unsigned t = 0; t < TRIALS; t++) {
            uint64_t above = 0;
            for (size_t j = 0; j < N; j++)
                old[j] = gad_rng_u64(&rng);
            qsort(old, N, sizeof(old[0]), ascending);
            for (size_t j = 0; j < M; j++)
                above += gad_rng_u64(&rng) > old[N - 1 - k];
            outside[k > 0] += above < i.low || above > i.high;
        }
    }
    for (size_t i = 0; i < 2; i++) /* 100 are expected at most, with a deviation of 10 */
        assert_true(outside[i] > 0 && outside[i] < 130);
}

/* With many values on both sides it is the share, within the noise of both counts. */
static void a_prediction_from_many_is_as_narrow_as_two_counts_allow(void **state)
{
    (void)state;
    struct gad_counts i = gad_prediction_interval(10000, 10000000, 10000000);
    double half = 1.96 * sqrt(2 * 10000.0);

    assert_true(fabs((double)i.low - (10000.0 - half)) < 0.02 * half);
    assert_true(fabs((double)i.high - (10000.0 + half)) < 0.02 * half);
    i = gad_prediction_interval(UINT64_C(10000000), UINT64_C(10000000000), 1000);
    assert_true(i.low == 0 &&
                i.high == 3); /* Poisson with mean 1: P(0) = .368, P(> 2) = .080, P(> 3) = .019 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals_are_those_of_clopper_and_pearson),
        cmocka_unit_test(an_interval_holds_the_share_and_shrinks),
        cmocka_unit_test(prediction_intervals_are_exact),
        cmocka_unit_test(a_prediction_holds_for_95_of_100_samples),
        cmocka_unit_test(a_prediction_from_many_is_as_narrow_as_two_counts_allow),
    };
    return cmocka_run_group_tests_name("interval", tests, NULL, NULL);
}
