/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/common/cli.h"

#include "tests/unit/test.h"

static struct gad_diag d;

static void whole_numbers_are_within_their_limits(void **state)
{
    (void)state;
    uint64_t v = 7;

    assert_int_equal(cli_u64("--n", "1", 1, 8, &v, &d), 0);
    assert_int_equal(v, 1);
    assert_int_equal(cli_u64("--n", "8", 1, 8, &v, &d), 0);
    assert_int_equal(v, 8);
    assert_int_equal(cli_u64("--n", "0", 1, 8, &v, &d), GAD_EINVAL);
    assert_string_equal(d.text, "--n: '0' is not a whole number from 1 to 8");
    for (size_t i = 0; i < 5; i++) {
        const char *const bad[] = {"9", "", "8x", "-1", "1.5"};
        assert_int_equal(cli_u64("--n", bad[i], 1, 8, &v, &d), GAD_EINVAL);
    }
    assert_int_equal(v, 8);
}

static void numbers_and_shares_are_within_their_limits(void **state)
{
    (void)state;
    double v = 7;

    assert_int_equal(cli_real("--ema", "0.9999999", 0, 0.9999999, &v, &d), 0);
    assert_true(v > 0.9999998 && v < 1);
    assert_int_equal(cli_real("--ema", "1", 0, 0.9999999, &v, &d), GAD_EINVAL);
    assert_string_equal(d.text, "--ema: '1' is not a number from 0 to 0.9999999");
    assert_int_equal(cli_real("--ema", "nan", 0, 1, &v, &d), GAD_EINVAL);
    assert_int_equal(cli_share("--fpr-budget", "0", &v, &d), GAD_EINVAL);
    assert_int_equal(cli_share("--fpr-budget", "1", &v, &d), GAD_EINVAL);
    assert_string_equal(d.text, "--fpr-budget: '1' is not a number between 0 and 1");
    assert_int_equal(cli_share("--fpr-budget", "0.5", &v, &d), 0);
    assert_true(v >= 0.5 && v <= 0.5);
}

static void sizes_have_units(void **state)
{
    (void)state;
    uint64_t v = 0;

    assert_int_equal(cli_size("--memory", "64K", 1 << 20, &v, &d), 0);
    assert_int_equal(v, 65536);
    assert_int_equal(cli_size("--memory", "1M", 1 << 20, &v, &d), 0);
    assert_int_equal(cli_size("--memory", "1048576", 1 << 20, &v, &d), 0);
    assert_int_equal(v, 1 << 20);
    for (size_t i = 0; i < 6; i++) {
        const char *const bad[] = {"1048577", "2M", "1G", "K", "", "1k"};
        assert_int_equal(cli_size("--memory", bad[i], 1 << 20, &v, &d), GAD_EINVAL);
    }
}

static void choices_are_listed_with_the_nearest(void **state)
{
    (void)state;
    static const char *const names[] = {"table", "csv", "json"};
    char hint[CLI_HINT];
    size_t at = 9;

    assert_int_equal(cli_choice("--format", "json", names, 3, &at, &d), 0);
    assert_int_equal(at, 2);
    assert_int_equal(cli_choice("--format", "jsno", names, 3, &at, &d), GAD_EINVAL);
    assert_string_equal(d.text,
                        "--format: 'jsno' is not one of table, csv, json; did you mean 'json'?");
    assert_int_equal(cli_choice("--format", "x", names, 3, &at, &d), GAD_EINVAL);
    assert_string_equal(d.text, "--format: 'x' is not one of table, csv, json");
    assert_int_equal(at, 2);
    assert_string_equal(cli_hint("CSV", names, 3, hint), "; did you mean 'csv'?");
    assert_string_equal(cli_hint("nothing", names, 3, hint), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers_are_within_their_limits),
        cmocka_unit_test(numbers_and_shares_are_within_their_limits),
        cmocka_unit_test(sizes_have_units),
        cmocka_unit_test(choices_are_listed_with_the_nearest),
    };
    return cmocka_run_group_tests_name("cli", tests, NULL, NULL);
}
