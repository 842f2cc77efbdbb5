/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/survey/pick.h"

#include <math.h>

#include "tests/unit/test.h"

static struct survey_point point(uint32_t epoch, double residual, double f1_0, double f1_1)
{
    return (struct survey_point){
        .epoch = epoch, .residual = residual, .figure = {{.f1 = f1_0}, {.f1 = f1_1}}};
}

static uint32_t picked(struct survey_point *p, size_t n, enum survey_pick pick, size_t view)
{
    const struct survey_training t = {.n_points = n, .point = p};
    return survey_pick(&t, pick, view)->epoch;
}

static void a_single_look_is_every_pick(void **state)
{
    (void)state;
    struct survey_point p[] = {point(7, 1.0, 0.5, 0.5)};

    for (int pick = 0; pick < SURVEY_N_PICKS; pick++)
        assert_int_equal(picked(p, 1, (enum survey_pick)pick, 0), 7);
}

static void each_pick_asks_its_own_figure(void **state)
{
    (void)state;
    struct survey_point p[] = {point(1, 3.0, 0.1, 0.9), point(2, 1.0, 0.2, 0.1),
                               point(3, 2.0, 0.8, 0.2), point(4, 2.5, 0.3, 0.3)};

    assert_int_equal(picked(p, 4, SURVEY_BEST, 0), 3);
    assert_int_equal(picked(p, 4, SURVEY_BEST, 1), 1);
    assert_int_equal(picked(p, 4, SURVEY_LAST, 0), 4);
    assert_int_equal(picked(p, 4, SURVEY_RESIDUAL, 0), 2);
    assert_int_equal(picked(p, 4, SURVEY_RESIDUAL, 1), 2);
}

static void the_last_look_can_be_the_best(void **state)
{
    (void)state;
    struct survey_point p[] = {point(10, 3.0, 0.1, 0.0), point(20, 2.0, 0.2, 0.0)};

    assert_int_equal(picked(p, 2, SURVEY_BEST, 0), 20);
    assert_int_equal(picked(p, 2, SURVEY_RESIDUAL, 0), 20);
}

static void of_equally_good_ones_the_first_is_taken(void **state)
{
    (void)state;
    struct survey_point p[] = {point(1, 2.0, 0.1, 0.0), point(2, 1.0, 0.7, 0.0),
                               point(3, 1.0, 0.7, 0.0)};

    assert_int_equal(picked(p, 3, SURVEY_BEST, 0), 2);
    assert_int_equal(picked(p, 3, SURVEY_RESIDUAL, 0), 2);
}

/* Of n trainings with one look each. */
static struct spread spread_of(size_t n, const double *v)
{
    enum { MAX = 8 };
    struct survey_point p[MAX] = {0};
    struct survey_training t[MAX] = {0};
    struct survey_result r = {.n = n, .training = t};
    double value[SURVEY_SEEDS_MAX];

    assert_true(n <= MAX);
    for (size_t i = 0; i < n; i++) {
        p[i] = point(1, 1.0, 0.5, v[i]);
        t[i] = (struct survey_training){.n_points = 1, .point = &p[i]};
    }
    struct spread s = survey_spread(&r, SURVEY_LAST, 1, offsetof(struct survey_figure, f1), value);
    for (size_t i = 0; i < n; i++)
        assert_memory_equal(&value[i], &v[i], sizeof(*v));
    return s;
}

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
        cmocka_unit_test(a_single_look_is_every_pick),
        cmocka_unit_test(each_pick_asks_its_own_figure),
        cmocka_unit_test(the_last_look_can_be_the_best),
        cmocka_unit_test(of_equally_good_ones_the_first_is_taken),
        cmocka_unit_test(nothing_has_no_figures),
        cmocka_unit_test(one_has_no_deviation),
        cmocka_unit_test(equal_ones_deviate_by_nothing),
        cmocka_unit_test(the_deviation_is_that_of_a_sample),
        cmocka_unit_test(the_least_may_stand_anywhere),
        cmocka_unit_test(what_is_not_defined_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
