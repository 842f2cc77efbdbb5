/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/fields.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

static char path[128];

static int read_text(const char *text, struct gad_fields *f, struct gad_diag *d)
{
    FILE *file = fopen(path, "w");

    assert_true(file && fputs(text, file) >= 0 && fclose(file) == 0);
    return gad_fields_read(path, f, d);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    static struct gad_fields f, again;

    gad_fields_set(&f, "records", "%d", 41000);
    gad_fields_set(&f, "text", "%s", "a = b, with\ta tab");
    gad_fields_set(&f, "empty", "%s", "");
    gad_fields_set(&f, "records", "%d", 42000); /* in its place */
    assert_int_equal(f.n, 3);
    assert_int_equal(gad_fields_write(path, &f, NULL), 0);
    assert_int_equal(gad_fields_read(path, &again, NULL), 0);
    assert_int_equal(again.n, 3);
    assert_int_equal(gad_fields_u64(&again, "records", 50000, 7), 42000);
    assert_string_equal(gad_fields_get(&again, "text"), "a = b, with?a tab");
    assert_string_equal(gad_fields_get(&again, "empty"), "");
}

static void what_is_missing_or_no_number_has_a_fallback(void **state)
{
    (void)state;
    static struct gad_fields f;

    assert_int_equal(read_text("text = 12x\nbig = 50001\n", &f, NULL), 0);
    assert_int_equal(gad_fields_u64(&f, "text", 50000, 7), 7);
    assert_int_equal(gad_fields_u64(&f, "big", 50000, 7), 7);
    assert_int_equal(gad_fields_u64(&f, "none", 50000, 7), 7);
    assert_string_equal(gad_fields_get(&f, "none"), "");
}

static void a_long_value_is_cut(void **state)
{
    (void)state;
    static struct gad_fields f;
    char text[2 * GAD_FIELD_VALUE];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    gad_fields_set(&f, "text", "%s", text);
    assert_int_equal(strlen(gad_fields_get(&f, "text")), GAD_FIELD_VALUE - 1);
}

static void a_bad_line_is_named(void **state)
{
    (void)state;
    static const char *const bad[] = {"a = 1\nb",       "a = 1\nb\n",        "a = 1\n = 2\n",
                                      "a = 1\nB = 2\n", "a = 1\nb = \x01\n", "a = 1\nb = \xff\n"};
    static struct gad_fields f;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct gad_diag d = {""};
        assert_int_equal(read_text(bad[i], &f, &d), GAD_EFORMAT);
        assert_non_null(strstr(d.text, ":2: "));
    }
}

static void a_file_that_is_too_long_or_missing_is_an_error(void **state)
{
    (void)state;
    static struct gad_fields f;
    static char text[2 * GAD_FIELDS_FILE_MAX];
    size_t len = 0;

    for (int i = 0; i <= GAD_FIELDS_MAX; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "a = %d\n", i);
    assert_int_equal(read_text(text, &f, NULL), GAD_ELIMIT);
    memset(text, 'a', sizeof(text) - 1);
    assert_int_equal(read_text(text, &f, NULL), GAD_ELIMIT);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(gad_fields_read(path, &f, NULL), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(what_is_missing_or_no_number_has_a_fallback),
        cmocka_unit_test(a_long_value_is_cut),
        cmocka_unit_test(a_bad_line_is_named),
        cmocka_unit_test(a_file_that_is_too_long_or_missing_is_an_error),
    };
    (void)scratch_path(path, sizeof(path), "fields");
    return cmocka_run_group_tests_name("fields", tests, NULL, NULL);
}
