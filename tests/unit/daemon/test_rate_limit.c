/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/rate_limit.h"

#include "tests/unit/test.h"

static struct gad_time at(double seconds)
{
    return (struct gad_time){(int64_t)(seconds * 1e9)};
}

static void without_a_rate_everything_is_granted(void **state)
{
    (void)state;
    struct rate_limit b = rate_limit_init(0, 2, at(0));

    assert_false(rate_limit_is_limited(&b));
    assert_int_equal(rate_limit_take(&b, at(0), 8192), 8192);
    assert_int_equal(rate_limit_take(&b, at(0), 8192), 8192);
}

static void a_tenth_of_a_second_is_saved_and_no_more(void **state)
{
    (void)state;
    struct rate_limit b = rate_limit_init(100, 10, at(5));

    assert_true(rate_limit_is_limited(&b));
    assert_int_equal(rate_limit_take(&b, at(5), 4), 4);
    assert_int_equal(rate_limit_take(&b, at(5), 100), 6);
    assert_int_equal(rate_limit_take(&b, at(5), 100), 0);
    assert_int_equal(rate_limit_take(&b, at(5.035), 100), 3);
    assert_int_equal(rate_limit_take(&b, at(5.045), 100), 1); /* the half was kept */
    assert_int_equal(rate_limit_take(&b, at(1000), 100), 10);
}

static void over_time_the_rate_is_granted(void **state)
{
    (void)state;
    struct rate_limit b = rate_limit_init(250, 25, at(0));
    size_t n = 0;

    for (int i = 0; i < 10000; i++)
        n += rate_limit_take(&b, at(i * 0.001), 1000);
    assert_in_range(n, 25 + 2498, 25 + 2500);
}

static void what_was_not_done_comes_back(void **state)
{
    (void)state;
    struct rate_limit b = rate_limit_init(100, 10, at(0));

    assert_int_equal(rate_limit_take(&b, at(0), 10), 10);
    rate_limit_give_back(&b, 4);
    assert_int_equal(rate_limit_take(&b, at(0), 10), 4);
    rate_limit_give_back(&b, 4);
    assert_int_equal(rate_limit_take(&b, at(60), 100), 10); /* not beyond what can be saved */
}

/* A record with reasons takes two: at any rate one can be had some time. */
static void two_can_always_be_saved(void **state)
{
    (void)state;
    struct rate_limit b = rate_limit_init(1, 2, at(0));

    assert_int_equal(rate_limit_take(&b, at(0), 2), 2);
    assert_int_equal(rate_limit_take(&b, at(1.5), 2), 1);
    assert_int_equal(rate_limit_take(&b, at(100), 9), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_rate_everything_is_granted),
        cmocka_unit_test(a_tenth_of_a_second_is_saved_and_no_more),
        cmocka_unit_test(over_time_the_rate_is_granted),
        cmocka_unit_test(what_was_not_done_comes_back),
        cmocka_unit_test(two_can_always_be_saved),
    };
    return cmocka_run_group_tests_name("budget", tests, NULL, NULL);
}
