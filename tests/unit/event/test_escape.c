/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/event/escape.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/text.h"
#include "tests/unit/test.h"

enum { ROOM = 256 };

/* RFC 3629 by arithmetic: decodes the bits, then checks that they need this many bytes and are a
 * valid code point. */
static size_t slow_length(const unsigned char *s, size_t len)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : s[0] >= 0xc0 ? 2 : 0;
    uint32_t code = s[0] & (0xffu >> (n + 1));

    if (n == 0 || s[0] >= 0xf8 || len < n)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (s[i] & 0x3f);
    }
    return code < least[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? 0 : n;
}

static void a_sequence_is_what_the_rfc_says(void **state)
{
    (void)state;
    static const unsigned char last[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0xbf, 0xc0, 0xff};
    unsigned char s[4];

    for (unsigned a = 0x80; a < 0x100; a++)
        for (unsigned b = 0; b < 0x100; b++)
            for (size_t c = 0; c < sizeof(last); c++)
                for (size_t d = 0; d < sizeof(last); d++) {
                    s[0] = (unsigned char)a, s[1] = (unsigned char)b, s[2] = last[c],
                    s[3] = last[d];
                    for (size_t len = 1; len <= sizeof(s); len++)
                        assert_int_equal(gad_text_utf8(s, len), slow_length(s, len));
                }
}

static void escapes_to(const char *in, const char *special, char escape, const char *want)
{
    struct gad_buf b = GAD_BUF_INIT(ROOM);

    gad_escape(&b, in, special, escape);
    gad_buf_add(&b, "", 1);
    assert_false(b.bad);
    assert_string_equal((char *)b.p, want);
    gad_buf_deinit(&b);
}

static void special_characters_are_escaped_or_replaced(void **state)
{
    (void)state;
    escapes_to("a=b\\c|d", "=\\", '\\', "a\\=b\\\\c|d");
    escapes_to("a^b=c", "^", '\0', "a_b=c");
    escapes_to("plain", "", '\0', "plain");
}

static void what_a_line_cannot_hold_is_replaced(void **state)
{
    (void)state;
    escapes_to("a\nb\r\tc\x01\x1f\x7f", "=", '\\', "a b  c   ");
    escapes_to("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "=", '\\',
               "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
    escapes_to("a\xff\xc3", "=", '\\', "a\xef\xbf\xbd\xef\xbf\xbd");
    escapes_to("\xe2\x82=", "=", '\\', "\xef\xbf\xbd\xef\xbf\xbd\\=");
}

static void key_is(const char *in, const char *also, size_t max, const char *want)
{
    struct gad_buf b = GAD_BUF_INIT(ROOM);

    gad_escape_key(&b, in, also, max);
    gad_buf_add(&b, "", 1);
    assert_string_equal((char *)b.p, want);
    gad_buf_deinit(&b);
}

static void a_key_has_only_what_keys_may_have(void **state)
{
    (void)state;
    key_is("records_in", "", 40, "records_in");
    key_is("a.b-c", ".-", 40, "a.b-c");
    key_is("a.b-c", "", 40, "a_b_c");
    key_is("A z=\"]\x01\xc3\xa4", ".-", 40, "A_z______");
    key_is("", ".-", 40, "_");
    key_is("abc", "", 2, "ab");
    key_is("abc", "", 3, "abc");
    key_is("abc", "", 4, "abc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sequence_is_what_the_rfc_says),
        cmocka_unit_test(special_characters_are_escaped_or_replaced),
        cmocka_unit_test(what_a_line_cannot_hold_is_replaced),
        cmocka_unit_test(a_key_has_only_what_keys_may_have),
    };
    return cmocka_run_group_tests_name("escape", tests, NULL, NULL);
}
