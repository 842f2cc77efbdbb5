/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/learn/thin.h"

#include "tests/unit/test.h"

/* Records a slot of ten minutes, evenly spread; returns how many are taken. */
static uint64_t slot(struct thin *t, int64_t number, uint64_t n)
{
    uint64_t taken = 0;

    for (uint64_t i = 0; i < n; i++)
        taken += thin_takes(
            t, (struct gad_time){number * 600000000000 + (int64_t)(i * 600000000000 / n)});
    return taken;
}

static void a_quiet_network_is_kept_whole(void **state)
{
    (void)state;
    struct thin t = {.quota = 100};

    for (int64_t i = 0; i < 20; i++)
        assert_int_equal(slot(&t, 1000 + i, 100), 100);
}

static void a_busy_one_is_thinned_evenly(void **state)
{
    (void)state;
    struct thin t = {.quota = 100};

    assert_int_equal(slot(&t, 1000, 10000), 400); /* nothing is known yet */
    for (int64_t i = 1; i < 20; i++)
        assert_int_equal(slot(&t, 1000 + i, 10000), 100);
    assert_int_equal(slot(&t, 1020, 5000), 50);
    assert_int_equal(slot(&t, 1021, 5000), 100);
}

static void a_sudden_flood_is_bounded(void **state)
{
    (void)state;
    struct thin t = {.quota = 100};

    (void)slot(&t, 1000, 100);
    assert_int_equal(slot(&t, 1001, 1000000), 400);
    assert_int_equal(slot(&t, 1002, 100), 1); /* the flood has ended */
    assert_int_equal(slot(&t, 1003, 100), 100);
}

static void after_a_gap_the_rate_begins_again(void **state)
{
    (void)state;
    struct thin t = {.quota = 100};

    (void)slot(&t, 1000, 1000000);
    assert_int_equal(slot(&t, 1005, 100), 100);
}

static void an_earlier_record_counts_in_the_latest_slot(void **state)
{
    (void)state;
    struct thin t = {.quota = 1};

    assert_int_equal(slot(&t, 1000, 1), 1);
    for (int i = 0; i < 3; i++)
        assert_true(thin_takes(&t, (struct gad_time){1}));
    assert_false(thin_takes(&t, (struct gad_time){1}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quiet_network_is_kept_whole),
        cmocka_unit_test(a_busy_one_is_thinned_evenly),
        cmocka_unit_test(a_sudden_flood_is_bounded),
        cmocka_unit_test(after_a_gap_the_rate_begins_again),
        cmocka_unit_test(an_earlier_record_counts_in_the_latest_slot),
    };
    return cmocka_run_group_tests_name("thin", tests, NULL, NULL);
}
