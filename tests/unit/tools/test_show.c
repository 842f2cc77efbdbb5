/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/show.h"

#include "tests/unit/test.h"

static void counts_have_commas_every_three_digits(void **state)
{
    (void)state;
    char t[SHOW_TEXT];

    assert_string_equal(show_count(0, t), "0");
    assert_string_equal(show_count(999, t), "999");
    assert_string_equal(show_count(1000, t), "1,000");
    assert_string_equal(show_count(494021, t), "494,021");
    assert_string_equal(show_count(UINT64_MAX, t), "18,446,744,073,709,551,615");
}

static void durations_change_their_unit(void **state)
{
    (void)state;
    char t[SHOW_TEXT];

    assert_string_equal(show_duration(0.0, t), "0.00 s");
    assert_string_equal(show_duration(9.994, t), "9.99 s");
    assert_string_equal(show_duration(59.4, t), "59 s");
    assert_string_equal(show_duration(59.5, t), "1 min 00 s");
    assert_string_equal(show_duration(3599.4, t), "59 min 59 s");
    assert_string_equal(show_duration(3600.0, t), "1 h 00 min");
    assert_string_equal(show_duration(86400.0 * 3 + 3600.0 * 5, t), "3 d 5 h");
}

static void a_clock_has_minutes_and_hours(void **state)
{
    (void)state;
    char t[SHOW_TEXT];

    assert_string_equal(show_clock(0.0, t), "0 s");
    assert_string_equal(show_clock(59.4, t), "59 s");
    assert_string_equal(show_clock(185.0, t), "3:05");
    assert_string_equal(show_clock(3599.6, t), "1:00:00");
    assert_string_equal(show_clock(-1.0, t), "0 s");
}

static void bytes_are_in_powers_of_1024(void **state)
{
    (void)state;
    char t[SHOW_TEXT];

    assert_string_equal(show_bytes(0, t), "0 B");
    assert_string_equal(show_bytes(1023, t), "1023 B");
    assert_string_equal(show_bytes(1024, t), "1.0 KiB");
    assert_string_equal(show_bytes(150 << 10, t), "150 KiB");
    assert_string_equal(show_bytes(UINT64_MAX, t), "16.0 EiB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_have_commas_every_three_digits),
        cmocka_unit_test(durations_change_their_unit),
        cmocka_unit_test(a_clock_has_minutes_and_hours),
        cmocka_unit_test(bytes_are_in_powers_of_1024),
    };
    return cmocka_run_group_tests_name("show", tests, NULL, NULL);
}
