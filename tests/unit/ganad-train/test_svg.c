/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/report/svg.h"

#include <float.h>
#include <math.h>

#include "tests/unit/test.h"

static void assert_ticks(double min, double max, bool log, size_t wanted, size_t n,
                         const double *want)
{
    double tick[SVG_TICKS];
    size_t found = svg_ticks(min, max, log, wanted, tick);

    for (size_t i = 0; i < found && i < n; i++)
        if (fabs(tick[i] - want[i]) > 1e-9 * fabs(want[i]))
            fail_msg("[%g, %g]: tick %zu is %.17g, not %.17g", min, max, i, tick[i], want[i]);
    assert_int_equal(found, n);
}

static void linear_ticks_are_multiples_of_1_2_5(void **state)
{
    (void)state;
    assert_ticks(0, 1, false, 5, 6, (double[]){0, 0.2, 0.4, 0.6, 0.8, 1});
    assert_ticks(0, 100, false, 10, 11, (double[]){0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100});
    assert_ticks(0.98, 1, false, 5, 5, (double[]){0.98, 0.985, 0.99, 0.995, 1});
    assert_ticks(-3, 7, false, 5, 5, (double[]){-2, 0, 2, 4, 6});
    assert_ticks(1, 15, false, 5, 3, (double[]){5, 10, 15});
    assert_ticks(1e9, 3e9, false, 4, 5, (double[]){1e9, 1.5e9, 2e9, 2.5e9, 3e9});
}

static void logarithmic_ticks_are_powers_of_ten(void **state)
{
    (void)state;
    assert_ticks(1e-4, 1, true, 5, 5, (double[]){1e-4, 1e-3, 1e-2, 1e-1, 1});
    assert_ticks(7e-5, 0.14, true, 5, 4, (double[]){1e-4, 1e-3, 1e-2, 1e-1});
    assert_ticks(1e-12, 1, true, 5, 7, (double[]){1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2, 1});
    assert_ticks(1, 50, true, 5, 6, (double[]){1, 2, 5, 10, 20, 50});
    assert_ticks(0.5, 9, true, 5, 4, (double[]){0.5, 1, 2, 5});
    /* Hardly any decade: a linear axis' ticks on it. */
    assert_ticks(3, 3.4, true, 5, 5, (double[]){3, 3.1, 3.2, 3.3, 3.4});
}

/* For any values of a checkpoint: few ticks, ascending, within the range. */
static void ticks_of_any_range_are_few_and_inside(void **state)
{
    (void)state;
    static const double ends[] = {-DBL_MAX / 4, -1e300, -7.5, -1e-300, 0,    1e-300, 1e-9,
                                  0.3,          1,      1.5,  1e9,     1e15, 1e300,  DBL_MAX / 4};
    enum { N = sizeof(ends) / sizeof(ends[0]) };

    for (size_t i = 0; i < N; i++)
        for (size_t k = i; k < N; k++)
            for (int log = 0; log < 2; log++) {
                double min = ends[i], max = ends[k], tick[SVG_TICKS];
                if (log && min <= 0.0)
                    continue;
                svg_nice_range(&min, &max, log, 5);
                assert_true(min < max && isfinite(min) && isfinite(max));
                double near = 1e-6 * fmax(fabs(min), fabs(max));
                if (min > ends[i] + near || max < ends[k] - near)
                    fail_msg("%g, %g: %g, %g", ends[i], ends[k], min, max);
                size_t n = svg_ticks(min, max, log, 5, tick);
                assert_true(n <= SVG_TICKS);
                for (size_t t = 0; t < n; t++)
                    assert_true(tick[t] >= min - near && tick[t] <= max + near &&
                                (t == 0 || tick[t] > tick[t - 1]));
            }
}

static void a_range_of_nothing_becomes_one_around_it(void **state)
{
    (void)state;
    double min = 3.0, max = 3.0;

    svg_nice_range(&min, &max, false, 5);
    assert_true(min < 3.0 && max > 3.0);
    min = max = 0.0;
    svg_nice_range(&min, &max, false, 5);
    assert_true(min < 0.0 && max > 0.0);
    min = max = 10.0;
    svg_nice_range(&min, &max, true, 5);
    assert_true(min == 10.0 && fabs(max - 100.0) < 1e-9);
}

static void values_have_places(void **state)
{
    (void)state;
    const struct svg_scale linear = {0.0, 2.0, false, 50.0, 250.0},
                           log = {0.001, 1.0, true, 300.0, 0.0};

    assert_true(fabs(svg_at(&linear, 0.5) - 100.0) < 1e-9);
    assert_true(fabs(svg_at(&linear, -1.0) + 50.0) < 1e-9); /* outside is outside */
    assert_true(fabs(svg_at(&log, 0.01) - 200.0) < 1e-9);
    assert_true(fabs(svg_at(&log, 0.0) - 300.0) < 1e-9); /* but there is nothing below 0 */
}

static void numbers_are_short(void **state)
{
    (void)state;
    char t[SVG_NUMBER];

    assert_string_equal(svg_number(0.0, t), "0");
    assert_string_equal(svg_number(0.25, t), "0.25");
    assert_string_equal(svg_number(9999.0, t), "9999");
    assert_string_equal(svg_number(20000.0, t), "20k");
    assert_string_equal(svg_number(-1.5e6, t), "-1.5M");
    assert_string_equal(svg_number(2e9, t), "2G");
    assert_string_equal(svg_number(1e-5, t), "1e-05");
    assert_string_equal(svg_number(1e300, t), "1e+300");
    assert_string_equal(svg_percent(0.001, t), "0.1\u00a0%");
    assert_string_equal(svg_percent(1.0, t), "100\u00a0%");
    assert_string_equal(svg_percent(1e-6, t), "0.0001\u00a0%");
    assert_true(svg_zoom(0.9989) == 0.998 && svg_zoom(0.5) == 0.5 && svg_zoom(0.49) == 0.0);
    assert_true(svg_zoom(1.0) == 0.999 && svg_zoom((double)NAN) == 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_ticks_are_multiples_of_1_2_5),
        cmocka_unit_test(logarithmic_ticks_are_powers_of_ten),
        cmocka_unit_test(ticks_of_any_range_are_few_and_inside),
        cmocka_unit_test(a_range_of_nothing_becomes_one_around_it),
        cmocka_unit_test(values_have_places),
        cmocka_unit_test(numbers_are_short),
    };
    return cmocka_run_group_tests_name("svg", tests, NULL, NULL);
}
