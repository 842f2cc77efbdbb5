/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/limiter.h"
#include "tests/unit/test.h"

static const struct gad_time start = {INT64_C(1000000000000)};
static const uint64_t secret[2] = {1, 2};

static struct gad_time after(int64_t ms)
{
    return (struct gad_time){start.ns + ms * 1000000};
}

static unsigned take_all(struct limiter *l, bool is_captured, unsigned severity, int64_t ms)
{
    unsigned n = 0;

    while (n < 1000 && limiter_take(l, is_captured, severity, after(ms)))
        n++;
    return n;
}

static void half_is_reserved_for_high(void **state)
{
    (void)state;
    struct limiter l = {0};

    limiter_set(&l, 10, start); /* 100 at once */
    assert_int_equal(take_all(&l, true, GAD_SEVERITY_LOW, 0), 50);
    assert_int_equal(take_all(&l, true, GAD_SEVERITY_MEDIUM, 0), 0);
    assert_int_equal(take_all(&l, true, GAD_SEVERITY_HIGH, 0), 50);
    assert_int_equal(take_all(&l, true, GAD_SEVERITY_HIGH, 1000), 10);
    assert_int_equal(take_all(&l, true, GAD_SEVERITY_LOW, 2000), 0); /* the reserve fills first */
    limiter_deinit(&l);
}

static void clients_cannot_use_the_rate_of_captures(void **state)
{
    (void)state;
    struct limiter l = {0};

    limiter_set(&l, 10, start);
    assert_int_equal(take_all(&l, false, GAD_SEVERITY_HIGH, 0), 100);
    assert_int_equal(take_all(&l, true, GAD_SEVERITY_HIGH, 0), 100);
    limiter_deinit(&l);
}

static void no_rate_is_no_limit(void **state)
{
    (void)state;
    struct limiter l = {0};

    limiter_set(&l, 0, start);
    assert_int_equal(take_all(&l, true, GAD_SEVERITY_LOW, 0), 1000);
    limiter_deinit(&l);
}

static void what_was_held_is_reported_once(void **state)
{
    (void)state;
    struct limiter l = {0};
    struct gad_limit_event e;

    limiter_set(&l, 1, start);
    assert_false(limiter_report(&l, start, &e));
    assert_true(limiter_due(&l).ns == INT64_MAX);
    for (uint64_t i = 0; i < 60; i++)
        limiter_hold(&l, i < 50 ? GAD_SEVERITY_LOW : GAD_SEVERITY_HIGH,
                     i < 40 ? GAD_HINT_FLOOD : GAD_HINT_SCAN,
                     &(struct thing){0, UINT64_C(0xffff00000000) | (i % 2)}, secret, 2, after(500));
    assert_true(limiter_due(&l).ns <= after(60500).ns); /* within a minute */
    assert_true(limiter_report(&l, after(10500), &e));
    assert_int_equal(e.period.ns, INT64_C(10000000000));
    assert_int_equal(e.low, 100);
    assert_int_equal(e.high, 20);
    assert_int_equal(e.n_cause, 2);
    assert_int_equal(e.cause[0].hint, GAD_HINT_FLOOD);
    assert_int_equal(e.cause[0].count, 80);
    assert_int_equal(e.n_source, 2);
    assert_int_equal(e.source[0].family, 4);
    assert_false(limiter_report(&l, after(10500), &e));
    limiter_deinit(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_is_reserved_for_high),
        cmocka_unit_test(clients_cannot_use_the_rate_of_captures),
        cmocka_unit_test(no_rate_is_no_limit),
        cmocka_unit_test(what_was_held_is_reported_once),
    };
    return cmocka_run_group_tests_name("limiter", tests, NULL, NULL);
}
