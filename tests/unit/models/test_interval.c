/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

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

/* Values by scipy.special.betainc. */
static void the_incomplete_beta_function_is_right(void **state)
{
    (void)state;
    static const double cases[][4] = {
        {0.5, 0.5, 0.3, 0.36901011956555},
        {2, 3, 0.4, 0.5248},
        {1, 1, 0.7, 0.7},
        {500, 48000, 0.0102, 0.41122212354733},
        {2, 3, 0, 0},
        {30, 2, 0.99, 0.96161048540476},
        {2, 3, 1, 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        close_to(gad_incomplete_beta(cases[i][0], cases[i][1], cases[i][2]), cases[i][3]);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals_are_those_of_clopper_and_pearson),
        cmocka_unit_test(the_incomplete_beta_function_is_right),
        cmocka_unit_test(an_interval_holds_the_share_and_shrinks),
    };
    return cmocka_run_group_tests_name("interval", tests, NULL, NULL);
}
