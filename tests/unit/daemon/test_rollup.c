/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/rollup.h"

#include <string.h>

#include "lib/base/rng.h"
#include "tests/unit/test.h"

enum { KEYS = 64, LOW = GAD_SEVERITY_LOW, MEDIUM = GAD_SEVERITY_MEDIUM, HIGH = GAD_SEVERITY_HIGH };

static const struct gad_time window = {INT64_C(60000000000)};

static struct gad_time at(double seconds)
{
    return (struct gad_time){(int64_t)(seconds * 1e9)};
}

static struct rollup *make(size_t keys)
{
    struct rollup *r = NULL;
    assert_int_equal(rollup_new(keys, window, &r), 0);
    return r;
}

static struct rollup_key key(unsigned source)
{
    struct rollup_key k = {.family = 4, .cause = GAD_COUNT};
    memcpy(k.src, &source, sizeof(source));
    return k;
}

static bool add(struct rollup *r, unsigned source, unsigned severity, double now,
                struct rollup_report *reported)
{
    const struct rollup_key k = key(source);
    const struct rollup_sample s = {.severity = severity, .score = (float)now};
    return rollup_add(r, &k, &s, at(now), at(1000 + now), true, reported);
}

static void the_first_leaves_and_the_others_are_counted(void **state)
{
    (void)state;
    struct rollup *r = make(KEYS);
    struct rollup_report t;

    assert_true(add(r, 1, LOW, 0, &t));
    assert_int_equal(t.count, 1);
    assert_int_equal(t.first.ns, at(1000).ns);
    for (int i = 1; i <= 500; i++)
        assert_false(add(r, 1, LOW, i * 0.1, &t));
    assert_true(add(r, 2, LOW, 51, &t)); /* another source */
    assert_false(rollup_take_due(r, at(59.9), true, &t));
    assert_int_equal(rollup_due(r).ns, at(60).ns);
    assert_true(rollup_take_due(r, at(60), true, &t));
    assert_int_equal(t.count, 500);
    assert_int_equal(t.first.ns, at(1000.1).ns);
    assert_int_equal(t.last.ns, at(1050).ns);
    assert_false(rollup_take_due(r, at(60), true, &t));
    assert_false(add(r, 1, LOW, 61, &t)); /* the next window began with that alert */
    assert_true(rollup_take_due(r, at(120), true, &t));
    assert_int_equal(t.count, 1);
    assert_false(rollup_take_due(r, at(180.5), true, &t)); /* a window without any */
    assert_int_equal(rollup_count(r), 0);
    assert_true(add(r, 1, LOW, 181, &t));
    rollup_free(r);
}

static void what_is_more_severe_leaves_at_once(void **state)
{
    (void)state;
    struct rollup *r = make(KEYS);
    struct rollup_report t;

    assert_true(add(r, 1, LOW, 0, &t));
    assert_false(add(r, 1, LOW, 1, &t));
    assert_false(add(r, 1, LOW, 2, &t));
    assert_true(add(r, 1, HIGH, 3, &t));
    assert_int_equal(t.count, 3);
    assert_int_equal(t.sample->severity, HIGH);
    assert_true(t.sample->score == 3.0f);
    assert_int_equal(t.first.ns, at(1001).ns);
    assert_false(add(r, 1, MEDIUM, 4, &t));
    assert_false(add(r, 1, HIGH, 5, &t));
    assert_true(rollup_take_due(r, at(60), true, &t));
    assert_int_equal(t.count, 2);
    assert_int_equal(t.sample->severity, HIGH); /* of two that were held back the worse */
    assert_false(add(r, 1, MEDIUM, 61, &t));
    assert_true(rollup_take_due(r, at(120), true, &t));
    assert_int_equal(t.sample->severity, MEDIUM);
    assert_true(add(r, 1, HIGH, 121, &t)); /* each window restarts */
    rollup_free(r);
}

static void who_may_not_be_reported_waits_and_is_counted(void **state)
{
    (void)state;
    struct rollup *r = make(KEYS);
    struct rollup_report t;
    const struct rollup_key k = key(1);
    const struct rollup_sample s = {.severity = HIGH};

    assert_true(rollup_would_report(r, &k, LOW));
    for (int i = 0; i < 5; i++)
        assert_false(rollup_add(r, &k, &s, at(i), at(i), false, &t));
    assert_false(rollup_take_due(r, at(60), false, &t));
    assert_false(rollup_take_due(r, at(100), true, &t)); /* the next window */
    assert_true(rollup_would_report(r, &k, LOW));
    assert_true(rollup_take_due(r, at(120), true, &t));
    assert_int_equal(t.count, 5);
    assert_false(rollup_would_report(r, &k, HIGH));
    rollup_free(r);
}

static void a_full_table_reports_the_oldest_early(void **state)
{
    (void)state;
    struct rollup *r = make(3);
    struct rollup_report t;
    const struct rollup_key k4 = key(4), k1 = key(1);

    for (unsigned i = 1; i <= 3; i++)
        assert_true(add(r, i, LOW, i, &t));
    assert_false(add(r, 1, LOW, 4, &t));
    assert_true(rollup_is_full_for(r, &k4));
    assert_false(rollup_is_full_for(r, &k1));
    assert_true(rollup_take_oldest(r, &t));
    assert_int_equal(t.count, 1);
    assert_true(add(r, 4, LOW, 5, &t));
    assert_false(rollup_take_oldest(r, &t)); /* 2 has nothing to report */
    assert_int_equal(rollup_count(r), 2);
    rollup_free(r);
}

/* For any records, the counts of all reports sum to the records. */
static void counts_sum_to_the_records(void **state)
{
    (void)state;
    struct gad_rng rng = gad_rng_init(11, 0);

    for (int round = 0; round < 30; round++) {
        struct rollup *r = make(2 + gad_rng_below(&rng, 40));
        struct rollup_report t;
        uint64_t records = 0, reported = 0;
        double now = 0;
        for (int i = 0; i < 20000; i++) {
            now += 0.001 * (double)gad_rng_below(&rng, 200);
            bool may = gad_rng_below(&rng, 8) > 0;
            while (rollup_due(r).ns <= at(now).ns)
                if (rollup_take_due(r, at(now), may, &t))
                    reported += t.count;
            const struct rollup_key k = key(gad_rng_below(&rng, 60));
            const struct rollup_sample s = {.severity = 1 + gad_rng_below(&rng, 3)};
            if (rollup_is_full_for(r, &k) && rollup_take_oldest(r, &t))
                reported += t.count;
            records++;
            if (rollup_add(r, &k, &s, at(now), at(now), may, &t))
                reported += t.count;
            assert_true(reported <= records);
        }
        while (rollup_count(r) > 0)
            reported += rollup_take_oldest(r, &t) ? t.count : 0;
        assert_true(reported == records);
        rollup_free(r);
    }
}

static void every_failed_allocation_is_an_error_or_an_alert(void **state)
{
    (void)state;
    for (long k = 1;; k++) {
        struct rollup *r = NULL;
        struct rollup_report t;
        (void)gad_mem_fail_at(k);
        int e = rollup_new(KEYS, window, &r);
        bool reported = e == 0 && add(r, 1, LOW, 0, &t);
        bool failed = gad_mem_fail_at(0) >= k;
        if (e == 0) {
            assert_true(reported);
            assert_int_equal(t.count, 1);
        }
        rollup_free(r);
        if (!failed)
            return;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_leaves_and_the_others_are_counted),
        cmocka_unit_test(what_is_more_severe_leaves_at_once),
        cmocka_unit_test(who_may_not_be_reported_waits_and_is_counted),
        cmocka_unit_test(a_full_table_reports_the_oldest_early),
        cmocka_unit_test(counts_sum_to_the_records),
        cmocka_unit_test(every_failed_allocation_is_an_error_or_an_alert),
    };
    return cmocka_run_group_tests_name("rollup", tests, NULL, NULL);
}
