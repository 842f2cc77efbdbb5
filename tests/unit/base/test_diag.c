/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/diag.h"

#include <string.h>

#include "lib/base/err.h"
#include "tests/unit/test.h"

static void fail_says_why_and_gives_the_code_back(void **state)
{
    (void)state;
    struct gad_diag d = {0};

    assert_int_equal(gad_fail(&d, GAD_ELIMIT, "%s: %d", "a", 7), GAD_ELIMIT);
    assert_string_equal(d.text, "a: 7");
    assert_int_equal(gad_fail(NULL, -ENOENT, "%s", "no diagnostic"), -ENOENT);
    gad_diag_prefix(NULL, "none");
}

static void prefixes_come_before_what_is_there(void **state)
{
    (void)state;
    struct gad_diag d = {0};

    (void)gad_fail(&d, GAD_EFORMAT, "reason");
    gad_diag_prefix(&d, "key '%s'", "k");
    gad_diag_prefix(&d, "FILE:%d", 12);
    assert_string_equal(d.text, "FILE:12: key 'k': reason");
}

static void long_texts_are_cut_and_end(void **state)
{
    (void)state;
    struct gad_diag d;

    for (int len = GAD_DIAG_MAX - 3; len < GAD_DIAG_MAX + 3; len++) {
        memset(&d, 'x', sizeof(d));
        (void)gad_fail(&d, -1, "%0*d", len, 1);
        assert_int_equal(strnlen(d.text, sizeof(d.text)),
                         len < GAD_DIAG_MAX ? len : GAD_DIAG_MAX - 1);
        gad_diag_prefix(&d, "p");
        assert_int_equal(strnlen(d.text, sizeof(d.text)), GAD_DIAG_MAX - 1);
        assert_memory_equal(d.text, "p: 00", 5);
        gad_diag_prefix(&d, "%0*d", len, 1);
        assert_int_equal(strnlen(d.text, sizeof(d.text)), GAD_DIAG_MAX - 1);
    }
}

/* What a file's name or contents bring with them cannot move a terminal's cursor, nor break a
 * JSON string. */
static void only_printable_utf8_gets_through(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } t[] = {
        {"a\nb\r\x1b[2J\x7f", "a?b??[2J?"},
        {"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"\xc2\x9b"
         "2J \xc2\x80 \xc2\xa0",
         "??2J ?? \xc2\xa0"},                                      /* C1 controls; no-break space */
        {"\x80 \xff \xc3", "? ? ?"},                               /* alone, or truncated */
        {"\xe2\x82", "??"},                                        /* truncated by the end */
        {"\xe2\x82z", "??z"},                                      /* or by another character */
        {"\xc0\xaf \xe0\x9f\xbf \xf0\x8f\xbf\xbf", "?? ??? ????"}, /* overlong */
        {"\xed\xa0\x80 \xed\x9f\xbf", "??? \xed\x9f\xbf"}, /* a surrogate; the last before them */
        {"\xf4\x90\x80\x80 \xf4\x8f\xbf\xbf \xf5\x80\x80\x80", "???? \xf4\x8f\xbf\xbf ????"},
    };
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        struct gad_diag d = {0};
        (void)gad_fail(&d, -1, "%s", t[i].in);
        assert_string_equal(d.text, t[i].out);
        (void)gad_fail(&d, -1, "x");
        gad_diag_prefix(&d, "%s", t[i].in);
        assert_memory_equal(d.text, t[i].out, strlen(t[i].out));
    }
}

/* Cutting at the end of the buffer can cut a character in two. */
static void a_character_that_is_cut_is_not_left_half(void **state)
{
    (void)state;
    struct gad_diag d = {0};

    for (int at = GAD_DIAG_MAX - 5; at < GAD_DIAG_MAX; at++) {
        (void)gad_fail(&d, -1, "%0*d\xe2\x82\xac", at, 1);
        size_t len = strlen(d.text);
        assert_true(at + 3 < GAD_DIAG_MAX ? d.text[len - 1] == '\xac'
                                          : d.text[len - 1] == '?' || d.text[len - 1] == '1');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fail_says_why_and_gives_the_code_back),
        cmocka_unit_test(prefixes_come_before_what_is_there),
        cmocka_unit_test(long_texts_are_cut_and_end),
        cmocka_unit_test(only_printable_utf8_gets_through),
        cmocka_unit_test(a_character_that_is_cut_is_not_left_half),
    };
    return cmocka_run_group_tests_name("diag", tests, NULL, NULL);
}
