/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/blind.h"

#include <string.h>

#include "tests/unit/test.h"

static bool look(struct blind *b, const struct capture_counts *is, int64_t second,
                 struct gad_blind_event *ret)
{
    return blind_check(b, is, (struct gad_time){second * 1000000000}, ret);
}

static uint64_t count_of(const struct gad_blind_event *e, const char *name)
{
    for (size_t i = 0; i < e->n; i++)
        if (strcmp(e->counter[i].name, name) == 0)
            return e->counter[i].value;
    return 0;
}

static void the_first_rise_is_reported_at_once(void **state)
{
    (void)state;
    struct blind b = {.is_blind = false};
    struct capture_counts is = {.lost = 0};
    struct gad_blind_event e;

    is.net.frames = 10;
    is.net.fragments_wrong = 3; /* doubtful, but seen */
    is.flow.flows = 4;
    assert_false(look(&b, &is, 100, &e));
    is.lost = 2;
    is.flow.inspect_refused = 5;
    assert_true(look(&b, &is, 101, &e));
    assert_string_equal(e.action, "blind");
    assert_int_equal(e.period.ns, 0);
    assert_int_equal(e.n, 2);
    assert_int_equal(count_of(&e, "lost"), 2);
    assert_int_equal(count_of(&e, "flow_inspect_refused"), 5);
}

static void later_ones_are_summed_over_a_minute(void **state)
{
    (void)state;
    struct blind b = {.is_blind = false};
    struct capture_counts is = {.lost = 1};
    struct gad_blind_event e;

    assert_true(look(&b, &is, 0, &e));
    for (int second = 1; second < 60; second++) {
        is.flow.evicted += 10;
        assert_false(look(&b, &is, second, &e));
    }
    assert_true(look(&b, &is, 60, &e));
    assert_string_equal(e.action, "blind");
    assert_int_equal(e.period.ns, INT64_C(60000000000));
    assert_int_equal(e.n, 1);
    assert_int_equal(count_of(&e, "flow_evicted"), 590);
}

static void a_minute_without_clears(void **state)
{
    (void)state;
    struct blind b = {.is_blind = false};
    struct capture_counts is = {.lost = 1};
    struct gad_blind_event e;

    assert_true(look(&b, &is, 0, &e));
    is.lost = 2;
    assert_false(look(&b, &is, 59, &e));
    assert_true(look(&b, &is, 61, &e)); /* what rose before counts */
    assert_string_equal(e.action, "blind");
    assert_int_equal(count_of(&e, "lost"), 1);
    assert_false(look(&b, &is, 120, &e));
    assert_true(look(&b, &is, 121, &e));
    assert_string_equal(e.action, "cleared");
    assert_int_equal(e.period.ns, INT64_C(121000000000));
    assert_int_equal(e.n, 0);
    assert_false(look(&b, &is, 10000, &e));
    is.lost = 3;
    assert_true(look(&b, &is, 10001, &e));
    assert_int_equal(e.period.ns, 0);
    assert_int_equal(count_of(&e, "lost"), 1);
}

/* The sender raises a counter as soon as its last rise has been cleared, for an hour. */
static void a_sender_causes_at_most_two_events_a_minute(void **state)
{
    (void)state;
    struct blind b = {.is_blind = false};
    struct capture_counts is = {.lost = 0};
    struct gad_blind_event e;
    int n = 0;

    for (int second = 0; second < 3600; second++) {
        is.lost += !b.is_blind;
        n += look(&b, &is, second, &e);
    }
    assert_true(n > 60);
    assert_true(n <= 120);
}

static void a_counter_may_begin_again(void **state)
{
    (void)state;
    struct blind b = {.is_blind = false};
    struct capture_counts is = {.kernel_dropped = 100};
    struct gad_blind_event e;

    assert_true(look(&b, &is, 0, &e));
    is.kernel_dropped = 0;
    assert_false(look(&b, &is, 1, &e));
    is.kernel_dropped = 3;
    assert_false(look(&b, &is, 2, &e));
    assert_true(look(&b, &is, 60, &e));
    assert_string_equal(e.action, "blind");
}

/* All of them fit the event. */
static void each_counter_of_the_kind_is_reported(void **state)
{
    (void)state;
    size_t n = 0;

    for (size_t i = 0; i < CAPTURE_COUNTERS; i++)
        n += capture_counter(i)->kind == GAD_COUNTER_BLIND;
    assert_true(n > 0);
    assert_true(n <= GAD_BLIND_COUNTERS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_rise_is_reported_at_once),
        cmocka_unit_test(later_ones_are_summed_over_a_minute),
        cmocka_unit_test(a_minute_without_clears),
        cmocka_unit_test(a_sender_causes_at_most_two_events_a_minute),
        cmocka_unit_test(a_counter_may_begin_again),
        cmocka_unit_test(each_counter_of_the_kind_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
