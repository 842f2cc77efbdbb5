/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/fit/burst.h"

#include <stdlib.h>

#include "lib/base/mem.h"
#include "lib/base/rng.h"
#include "tests/unit/test.h"

enum { N = 40000, STEP = 3 }; /* a record each three seconds; the 40 highest scores count */

static struct gad_time time_of[N];
static float score[N];

static void ordinary(uint64_t seed)
{
    struct gad_rng rng = gad_rng_init(seed, 1);

    for (size_t i = 0; i < N; i++) {
        time_of[i].ns = (int64_t)i * STEP * 1000000000;
        score[i] = gad_rng_uniform(&rng);
    }
}

static void odd_records_of_any_time_are_no_burst(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct burst b = {.n = 77};
        ordinary(seed);
        assert_int_equal(burst_find(N, time_of, score, &b), 0);
        assert_int_equal(b.n, 0);
    }
}

/* @n anomalous records, one in every @every. */
static struct burst planted(size_t at, size_t n, size_t every)
{
    struct burst b;

    ordinary(7);
    for (size_t i = 0; i < n; i++)
        score[at + i * every] = 2.0f + (float)i;
    assert_int_equal(burst_find(N, time_of, score, &b), 0);
    return b;
}

static void more_than_half_of_the_highest_within_ten_minutes_are_one(void **state)
{
    (void)state;
    struct burst b = planted(5000, 20, 1);
    assert_int_equal(b.n, 0); /* unless other times are near */
    b = planted(5000, 21, 1);
    assert_int_equal(b.n, 21);
    assert_int_equal(b.of, 40);
    assert_true(b.from.ns == time_of[5000].ns && b.to.ns == time_of[5020].ns);
    b = planted(N - 400, 400,
                1); /* at the end, more than count: the highest scores are the last 40 */
    assert_int_equal(b.n, 40);
    assert_true(b.to.ns == time_of[N - 1].ns && b.least == 2.0f + 360.0f);
}

static void the_window_is_ten_minutes_with_both_ends(void **state)
{
    (void)state;
    assert_int_equal(planted(0, 21, 10).n, 21); /* 20 * 30 s */
    assert_int_equal(planted(0, 21, 11).n, 0);
    assert_int_equal(planted(0, 40, 10).n, 21); /* of 40 the densest window */
    assert_int_equal(planted(0, 40, 11).n, 0);
}

static void order_does_not_matter(void **state)
{
    (void)state;
    struct burst want = planted(5000, 30, 2), b;
    uint32_t *order = calloc(N, sizeof(*order));
    struct gad_time *t = calloc(N, sizeof(*t));
    float *s = calloc(N, sizeof(*s));
    struct gad_rng rng = gad_rng_init(3, 1);

    assert_true(order && t && s);
    for (uint32_t i = 0; i < N; i++)
        order[i] = i;
    gad_rng_shuffle(&rng, N, order);
    for (size_t i = 0; i < N; i++) {
        t[i] = time_of[order[i]];
        s[i] = score[order[i]];
    }
    assert_int_equal(burst_find(N, t, s, &b), 0);
    assert_true(want.n == 30 && b.n == 30 && b.from.ns == want.from.ns && b.to.ns == want.to.ns);
    free(s);
    free(t);
    free(order);
}

static void few_records_and_short_times_have_none(void **state)
{
    (void)state;
    struct burst b;

    (void)planted(100, 90, 1);
    assert_int_equal(burst_find(199, time_of, score, &b), 0);
    assert_int_equal(b.n, 0); /* too few */
    assert_int_equal(burst_find(2400, time_of, score, &b), 0);
    assert_int_equal(b.n, 0); /* 3 s short of two hours */
    assert_int_equal(burst_find(2401, time_of, score, &b), 0);
    assert_int_equal(b.n, 20); /* all of the 20 highest scores are planted */
    assert_int_equal(burst_find(0, time_of, score, &b), 0);
    assert_int_equal(b.n, 0);
}

static void times_that_are_centuries_apart_do_not_overflow(void **state)
{
    (void)state;
    struct burst b;

    (void)planted(5000, 30, 1);
    time_of[0].ns = INT64_MIN + 1;
    time_of[1].ns = INT64_MAX;
    score[0] = score[1] = 100.0f;
    assert_int_equal(burst_find(N, time_of, score, &b), 0);
    assert_int_equal(b.n, 30);
    (void)gad_mem_fail_at(1);
    assert_int_equal(burst_find(N, time_of, score, &b), GAD_ENOMEM);
    (void)gad_mem_fail_at(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(odd_records_of_any_time_are_no_burst),
        cmocka_unit_test(more_than_half_of_the_highest_within_ten_minutes_are_one),
        cmocka_unit_test(the_window_is_ten_minutes_with_both_ends),
        cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(few_records_and_short_times_have_none),
        cmocka_unit_test(times_that_are_centuries_apart_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
