/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/mem.h"
#include "tests/unit/test.h"
#include "tools/ganad-train/survey/train.h"

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

static void a_training_is_freed_once(void **state)
{
    (void)state;
    struct survey_training t = {.n_points = 1, .point = gad_calloc(1, sizeof(*t.point))};

    survey_training_deinit(&t);
    survey_training_deinit(&t);
    assert_null(t.point);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_single_look_is_every_pick),
        cmocka_unit_test(each_pick_asks_its_own_figure),
        cmocka_unit_test(the_last_look_can_be_the_best),
        cmocka_unit_test(of_equally_good_ones_the_first_is_taken),
        cmocka_unit_test(a_training_is_freed_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
