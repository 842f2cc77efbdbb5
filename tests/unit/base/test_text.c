/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/test.h"

static void u64_takes_digits_up_to_max(void **state)
{
    (void)state;
    uint64_t v = 7;

    assert_int_equal(gad_text_u64("0", 1, 10, &v), 0);
    assert_int_equal(v, 0);
    assert_int_equal(gad_text_u64("10", 2, 10, &v), 0);
    assert_int_equal(gad_text_u64("11", 2, 10, &v), GAD_ELIMIT);
    assert_int_equal(v, 10); /* untouched on failure */
    assert_int_equal(gad_text_u64("18446744073709551615", 20, UINT64_MAX, &v), 0);
    assert_true(v == UINT64_MAX);
    assert_int_equal(gad_text_u64("18446744073709551616", 20, UINT64_MAX, &v), GAD_ELIMIT);
    static const char *const bad[] = {"", " 1", "1 ", "+1", "-1", "1.0", "0x1", "1e3"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(gad_text_u64(bad[i], strlen(bad[i]), UINT64_MAX, &v), GAD_EFORMAT);
}

static void decimal_agrees_with_strtod(void **state)
{
    (void)state;
    double v;

    for (int k = 0; k <= 100000; k++) {
        char s[32];
        int n = snprintf(s, sizeof(s), "%d.%02d", k / 100, k % 100);
        assert_int_equal(gad_text_decimal(s, (size_t)n, &v), 0);
        assert_true(v == strtod(s, NULL));
    }
    assert_int_equal(gad_text_decimal("-0.5", 4, &v), 0);
    assert_true(v == -0.5);
    static const char *const bad[] = {"",
                                      "-",
                                      ".5",
                                      "-.5",
                                      "5.",
                                      "1..2",
                                      "1.2.3",
                                      "1e5",
                                      "nan",
                                      "inf",
                                      "0x1",
                                      " 1",
                                      "1,",
                                      "12345678901234567890",
                                      "0.00000000000000000001"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(gad_text_decimal(bad[i], strlen(bad[i]), &v), GAD_EFORMAT);
}

static void real_takes_an_exponent(void **state)
{
    (void)state;
    double v;

    assert_int_equal(gad_text_real("1e-4", 4, &v), 0);
    assert_true(v == 1e-4);
    assert_int_equal(gad_text_real("2.5E+3", 6, &v), 0);
    assert_true(v == 2500.0);
    assert_int_equal(gad_text_real("0.001", 5, &v), 0);
    assert_true(v == 0.001);
    assert_int_equal(gad_text_real(".01", 3, &v), 0);
    assert_true(v == 0.01);
    assert_int_equal(gad_text_real("-.5e1", 5, &v), 0);
    assert_true(v == -5.0);
    assert_int_equal(gad_text_real(".", 1, &v), GAD_EFORMAT);
    assert_int_equal(gad_text_real("-.", 2, &v), GAD_EFORMAT);
    assert_int_equal(gad_text_real(".e1", 3, &v), GAD_EFORMAT);
    assert_int_equal(gad_text_real("1e", 2, &v), GAD_EFORMAT);
    assert_int_equal(gad_text_real("1e+", 3, &v), GAD_EFORMAT);
    assert_int_equal(gad_text_real("1e301", 5, &v), GAD_EFORMAT);
    assert_int_equal(gad_text_real("1x4", 3, &v), GAD_EFORMAT);
    assert_int_equal(gad_text_real("999999999999999999e300", 22, &v), GAD_ELIMIT);
}

static void nearest_finds_the_typo_and_no_unlike_name(void **state)
{
    (void)state;
    static const char *const keys[] = {"max_clients", "idle_timeout", "checkpoint"};

    assert_int_equal(gad_text_nearest("max_client", keys, 3), 0);
    assert_int_equal(gad_text_nearest("idel_timeout", keys, 3), 1);
    assert_int_equal(gad_text_nearest("chekpoint", keys, 3), 2);
    assert_int_equal(gad_text_nearest("colour", keys, 3), -1);
    assert_int_equal(gad_text_nearest("x", keys, 0), -1);
}

static const char *nearest(const char *word)
{
    static const char *const commands[] = {"config",   "drift", "reload", "reopen",
                                           "score",    "spool", "stats",  "status",
                                           "suppress", "tail",  "version"};
    int at = gad_text_nearest(word, commands, sizeof(commands) / sizeof(commands[0]));
    return at < 0 ? "" : commands[at];
}

/* Each word is one slip from the name that was meant; most are one wrong letter from another
 * one, too. */
static void nearest_knows_the_slips_of_fingers(void **state)
{
    (void)state;
    static const char *const slips[][2] = {{"staus", "status"},   {"statu", "status"},
                                           {"sttaus", "status"},  {"stauts", "status"},
                                           {"statuss", "status"}, {"stat", "stats"},
                                           {"statts", "stats"},   {"tial", "tail"},
                                           {"tali", "tail"},      {"relaod", "reload"},
                                           {"reopne", "reopen"},  {"sup", "suppress"},
                                           {"vers", "version"},   {"conf", "config"},
                                           {"confgi", "config"},  {"socre", "score"},
                                           {"scor", "score"},     {"scroe", "score"},
                                           {"sppol", "spool"},    {"dirft", "drift"},
                                           {"reopenn", "reopen"}, {"s", ""},
                                           {"completely", ""},    {"", ""}};

    for (size_t i = 0; i < sizeof(slips) / sizeof(slips[0]); i++)
        assert_string_equal(nearest(slips[i][0]), slips[i][1]);
}

/* Words as long as the table and longer: only their first 64 bytes count. */
static void nearest_of_long_words_stays_in_its_table(void **state)
{
    (void)state;
    char word[200], other[200];
    const char *const names[] = {other};

    for (size_t len = 62; len < 70; len++) {
        memset(word, 'a', len);
        memset(other, 'b', len);
        word[len] = other[len] = '\0';
        assert_int_equal(gad_text_nearest(word, names, 1), -1);
        memcpy(other, word, len);
        other[1] = 'c';
        assert_int_equal(gad_text_nearest(word, names, 1), 0);
    }
}

static void escape_is_printable_and_fits(void **state)
{
    (void)state;
    char out[16];

    gad_text_escape(out, sizeof(out), "a\n\xff", 3);
    assert_string_equal(out, "a\\x0a\\xff");
    for (size_t len = 0; len < 40; len++) {
        char in[40], t[20];
        memset(in, '\n', sizeof(in));
        memset(t, 'x', sizeof(t));
        gad_text_escape(t, sizeof(t), in, len);
        assert_true(strnlen(t, sizeof(t)) < sizeof(t));
    }
    char one[1] = {'x'};
    gad_text_escape(one, 1, "abc", 3);
    assert_int_equal(one[0], '\0');
}

static void case_of_ascii_letters_does_not_count(void **state)
{
    (void)state;
    assert_int_equal(gad_text_casecmp("", ""), 0);
    assert_int_equal(gad_text_casecmp("aZ_9", "Az_9"), 0);
    assert_true(gad_text_casecmp("a", "B") < 0 && gad_text_casecmp("B", "a") > 0);
    assert_true(gad_text_casecmp("a", "") > 0 && gad_text_casecmp("", "A") < 0);
    assert_true(gad_text_casecmp("ab_", "abC") < 0); /* as letters in lower case */
    assert_true(gad_text_casecmp("\xc4", "\xe4") != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(u64_takes_digits_up_to_max),
        cmocka_unit_test(decimal_agrees_with_strtod),
        cmocka_unit_test(real_takes_an_exponent),
        cmocka_unit_test(nearest_finds_the_typo_and_no_unlike_name),
        cmocka_unit_test(nearest_knows_the_slips_of_fingers),
        cmocka_unit_test(nearest_of_long_words_stays_in_its_table),
        cmocka_unit_test(case_of_ascii_letters_does_not_count),
        cmocka_unit_test(escape_is_printable_and_fits),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
