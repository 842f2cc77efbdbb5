/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/record/reason.h"

#include "tests/unit/test.h"

static double service(const char *name)
{
    return gad_name_number(GAD_SERVICE, name, strlen(name));
}

static void a_value_that_is_expected_says_nothing(void **state)
{
    (void)state;
    const struct {
        struct gad_reason reason;
        bool says;
    } rows[] = {
        {{GAD_SERVICE, service("smtp"), service("smtp"), 0.58}, false},
        {{GAD_SERVICE, service("smtp"), service("http"), 0.58}, true},
        {{GAD_SERVICE, GAD_NAME_UNKNOWN, GAD_NAME_UNKNOWN, 0.58}, false},
        {{GAD_SERVICE, GAD_NAME_UNKNOWN, service("http"), 0.58}, true},
        {{GAD_SERROR_RATE, 0, 0.0042, 0.4}, false}, /* both are 0.00 */
        {{GAD_SERROR_RATE, 0, 0.0061, 0.4}, true},
        {{GAD_SERROR_RATE, 1, 0.998, 0.4}, false},
        {{GAD_ROOT_SHELL, 1, 0.97, 0.4}, false}, /* "1" and "1", not "1.0" */
        {{GAD_ROOT_SHELL, 1, 0.94, 0.4}, true},
        {{GAD_COUNT, 0, 0.04, 0.4}, false},
        {{GAD_COUNT, 511, 510.6, 0.4}, false},
        {{GAD_COUNT, 511, 510.4, 0.4}, true},
        {{GAD_COUNT, 100, 99.96, 0.4}, false},
        {{GAD_SRC_BYTES, 4e9, 4e9 + 1, 0.4}, true},
        {{GAD_COUNT, 511, 2, 0}, false}, /* no share */
        {{GAD_COUNT, 511, 2, 1e-9}, true},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (gad_reason_says(&rows[i].reason) != rows[i].says)
            fail_msg("row %zu", i);
}

/* Whatever the numbers are, what is shown has two different texts. */
static void shown_texts_differ(void **state)
{
    (void)state;
    char value[GAD_VALUE_TEXT], expected[GAD_VALUE_TEXT];

    for (enum gad_column c = 0; c < GAD_N_COLUMNS; c++)
        for (int i = 0; i < 20000; i++) {
            double v = (double)(i % 141), e = v + (double)(i / 141 - 70) / 53;
            if (gad_columns[c].kind == GAD_KIND_NAME)
                e = (int)e;
            const struct gad_reason r = {c, v, e < 0 ? 0 : e, 0.1};
            gad_value_text(c, r.value, value);
            gad_value_text(c, r.expected, expected);
            assert_true(gad_reason_says(&r) == (strcmp(value, expected) != 0));
        }
}

static void those_that_say_something_come_first(void **state)
{
    (void)state;
    struct gad_reason r[] = {{GAD_SERVICE, 3, 3, 0.5},
                             {GAD_COUNT, 511, 2, 0.2},
                             {GAD_FLAG, 1, 1, 0.15},
                             {GAD_SRC_BYTES, 9, 1, 0.1},
                             {GAD_DURATION, 9, 1, 0}};
    static const enum gad_column order[] = {GAD_COUNT, GAD_SRC_BYTES, GAD_SERVICE, GAD_FLAG,
                                            GAD_DURATION};

    assert_int_equal(gad_reasons_order(r, 5), 2);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(r[i].column, order[i]);
    assert_int_equal(gad_reasons_order(r, 0), 0);
}

static void words(void **state)
{
    (void)state;
    char text[GAD_REASON_TEXT];

    gad_reason_text(&(struct gad_reason){GAD_COUNT, 511, 2.1, 0.2}, text);
    assert_string_equal(text, "count 511 (expected 2.1)");
    gad_reason_text(&(struct gad_reason){GAD_NUM_ACCESS_FILES, 1, 0.01, 0.2}, text);
    assert_string_equal(text, "num_access_files 1 (expected 0)");
    gad_reason_text(&(struct gad_reason){GAD_SERVICE, service("smtp"), service("http"), 1}, text);
    assert_string_equal(text, "service smtp (expected http)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_that_is_expected_says_nothing),
        cmocka_unit_test(shown_texts_differ),
        cmocka_unit_test(those_that_say_something_come_first),
        cmocka_unit_test(words),
    };
    return cmocka_run_group_tests_name("reason", tests, NULL, NULL);
}
