/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/survey/spread.h"

#include <math.h>

#include "tests/unit/test.h"

static void nothing_has_no_figures(void **state)
{
    (void)state;
    struct spread s = spread_of(0, NULL);

    assert_int_equal(s.n, 0);
    assert_true(isnan(s.mean) && isnan(s.sd) && isnan(s.least));
}

static void one_has_no_deviation(void **state)
{
    (void)state;
    struct spread s = spread_of(1, (const double[]){0.25});

    assert_true(s.mean == 0.25 && s.least == 0.25 && isnan(s.sd));
}

static void equal_ones_deviate_by_nothing(void **state)
{
    (void)state;
    struct spread s = spread_of(3, (const double[]){-2.0, -2.0, -2.0});

    assert_true(s.mean == -2.0 && s.sd == 0.0 && s.least == -2.0);
}

static void the_deviation_is_that_of_a_sample(void **state)
{
    (void)state;
    /* mean 5, squares 9 + 1 + 1 + 1 + 0 + 0 + 4 + 16 = 32, over 7 */
    struct spread s = spread_of(8, (const double[]){2, 4, 4, 4, 5, 5, 7, 9});

    assert_true(s.mean == 5.0 && s.least == 2.0);
    assert_true(fabs(s.sd - sqrt(32.0 / 7.0)) < 1e-15);
}

static void the_least_may_stand_anywhere(void **state)
{
    (void)state;
    assert_true(spread_of(3, (const double[]){3, 2, 1}).least == 1.0);
    assert_true(spread_of(3, (const double[]){2, 1, 3}).least == 1.0);
    assert_true(spread_of(3, (const double[]){1, 2, 3}).least == 1.0);
}

static void what_is_not_defined_shows(void **state)
{
    (void)state;
    struct spread s = spread_of(2, (const double[]){(double)NAN, 1.0});

    assert_true(isnan(s.mean) && isnan(s.sd));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_has_no_figures),
        cmocka_unit_test(one_has_no_deviation),
        cmocka_unit_test(equal_ones_deviate_by_nothing),
        cmocka_unit_test(the_deviation_is_that_of_a_sample),
        cmocka_unit_test(the_least_may_stand_anywhere),
        cmocka_unit_test(what_is_not_defined_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
