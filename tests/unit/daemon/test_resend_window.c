/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/resend_window.h"

#include "lib/base/rng.h"
#include "tests/unit/test.h"

static struct gad_time at(double seconds)
{
    return (struct gad_time){(int64_t)(seconds * 1e9)};
}

static void without_a_window_all_is_released_at_once(void **state)
{
    (void)state;
    struct resend_window w;

    resend_window_init(&w, 0, at(0), 5);
    resend_window_wrote(&w, 6, at(1));
    assert_int_equal(resend_window_released(&w, at(1)), 6);
}

static void it_takes_both_time_and_number(void **state)
{
    (void)state;
    struct resend_window w;

    resend_window_init(&w, 100, at(10), 1);
    for (uint64_t i = 0; i < 1000; i++)
        resend_window_wrote(&w, i + 2, at(0.001 * (double)i));
    assert_int_equal(resend_window_released(&w, at(5)), 1); /* too early */
    uint64_t r = resend_window_released(&w, at(11.5));
    assert_in_range(r, 1 + 700, 1 + 900); /* all but the last hundred, to a mark's step */
    assert_int_equal(resend_window_released(&w, at(1e6)), r);
    for (uint64_t i = 0; i < 200; i++)
        resend_window_wrote(&w, 1002 + i, at(2e6));
    assert_true(resend_window_released(&w, at(2e6 + 5)) <=
                1002); /* the number is there, the time not */
}

static void a_new_connection_begins_with_what_is_not_released(void **state)
{
    (void)state;
    struct resend_window w;

    resend_window_init(&w, 10, at(0), 1);
    for (uint64_t i = 0; i < 100; i++)
        resend_window_wrote(&w, i + 2, at((double)i));
    uint64_t r = resend_window_released(&w, at(1000));
    assert_true(r > 1 && r <= 92);
    resend_window_restart(&w);
    assert_int_equal(w.next, r);
    resend_window_wrote(&w, r + 1,
                        at(1001)); /* what was written on the old connection counts no more */
    assert_int_equal(resend_window_released(&w, at(2000)), r);
}

static void an_orderly_end_releases_all(void **state)
{
    (void)state;
    struct resend_window w;

    resend_window_init(&w, 8192, at(60), 1);
    for (uint64_t i = 0; i < 50; i++)
        resend_window_wrote(&w, i + 2, at(1));
    resend_window_all_arrived(&w);
    assert_int_equal(resend_window_released(&w, at(1)), 51);
}

static void what_is_skipped_holds_nothing_back(void **state)
{
    (void)state;
    struct resend_window w;

    resend_window_init(&w, 10, at(10), 1);
    resend_window_skipped(&w, 500);
    assert_int_equal(resend_window_released(&w, at(0)), 500);
    resend_window_wrote(&w, 501, at(1));
    resend_window_skipped(&w, 600);
    assert_int_equal(resend_window_released(&w, at(2)), 500); /* behind one that is kept */
}

/* Against every event's own time and place: never early, and late by no more than the marks are
 * apart. */
static void marks_agree_with_a_list(void **state)
{
    (void)state;
    enum { N = 20000 };
    static double time[N];
    struct gad_rng rng = gad_rng_init(3, 0);

    for (int round = 0; round < 20; round++) {
        struct resend_window w;
        uint64_t events = gad_rng_below(&rng, 3000);
        double seconds = (double)gad_rng_below(&rng, 50), now = 0;
        uint64_t worst = 0;
        resend_window_init(&w, events, at(seconds), 0);
        for (uint64_t n = 0; n < N; n++) {
            now += gad_rng_below(&rng, 50) == 0 ? 1 : 0.0005;
            time[n] = now;
            resend_window_wrote(&w, n + 1, at(now));
            if (n % 97 != 0)
                continue;
            uint64_t true_one = 0, got = resend_window_released(&w, at(now));
            while (true_one <= n && now - time[true_one] >= seconds && n - true_one >= events)
                true_one++;
            assert_true(got <= true_one);
            if (true_one - got > worst)
                worst = true_one - got;
        }
        assert_true(worst < N / 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_window_all_is_released_at_once),
        cmocka_unit_test(it_takes_both_time_and_number),
        cmocka_unit_test(a_new_connection_begins_with_what_is_not_released),
        cmocka_unit_test(an_orderly_end_releases_all),
        cmocka_unit_test(what_is_skipped_holds_nothing_back),
        cmocka_unit_test(marks_agree_with_a_list),
    };
    return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
