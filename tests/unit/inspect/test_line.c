/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/inspect/line.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/inspect/terminal.h"
#include "tests/unit/test.h"

enum { MAX = GAD_INSPECT_LINE };

/* Feeds in pieces of `step`; every line that comes out, "|" behind each. */
static void lines_of(const char *p, size_t len, size_t step, char *out)
{
    struct gad_inspect_line l = {0};
    struct gad_span s;

    for (size_t at = 0; at < len; at += step) {
        size_t n = step < len - at ? step : len - at;
        gad_cleanup(gad_freep) uint8_t *copy = gad_calloc(n, 1);
        assert_non_null(copy);
        memcpy(copy, p + at, n);
        const uint8_t *q = copy;
        while (gad_inspect_line_next(&l, &q, &n, &s)) {
            memcpy(out, s.p, s.len);
            out += s.len;
            *out++ = '|';
        }
        assert_int_equal(n, 0);
    }
    *out = '\0';
}

static void lines_end_in_lf_and_lose_the_cr_before_it(void **state)
{
    (void)state;
    static const char text[] = "a\r\nb\n\n\r\nc\rd\r\r\ne";
    for (size_t step = 1; step <= sizeof(text); step++) {
        char out[64];
        lines_of(text, strlen(text), step, out);
        assert_string_equal(out, "a|b|||c\rd\r|");
    }
}

static void a_longer_line_is_known_by_its_first_bytes(void **state)
{
    (void)state;
    static const char *const ends[] = {"\n", "\r\n", "\r\r\n", "x\r\n"};

    for (size_t len = MAX - 3; len <= MAX + 3; len++) {
        for (size_t e = 0; e < 4; e++) {
            char text[MAX + 16], whole[MAX + 16], cut[MAX + 16];
            memset(text, 'a', len);
            int n = snprintf(text + len, sizeof(text) - len, "%sb\n", ends[e]);
            assert_in_range(n, 3, 8);
            lines_of(text, strlen(text), SIZE_MAX, whole);
            for (size_t step = 1; step < 4; step++) {
                lines_of(text, strlen(text), step, cut);
                assert_string_equal(cut, whole);
            }
            lines_of(text, strlen(text), len, cut);
            assert_string_equal(cut, whole);
            size_t first = strcspn(whole, "|");
            size_t full = len + strlen(ends[e]) - 1 - (e > 0);
            assert_int_equal(first, full < MAX ? full : MAX);
            assert_string_equal(whole + first, "|b|");
        }
    }
}

static void a_gap_hides_the_rest_of_its_line(void **state)
{
    (void)state;
    struct gad_inspect_line l = {0};
    struct gad_span s;
    const uint8_t *p = (const uint8_t *)"abc";
    size_t len = 3;

    assert_false(gad_inspect_line_next(&l, &p, &len, &s));
    gad_inspect_line_gap(&l);
    p = (const uint8_t *)"def\nghi\n";
    len = 8;
    assert_true(gad_inspect_line_next(&l, &p, &len, &s));
    assert_true(l.lost);
    assert_int_equal(s.len, 0);
    assert_true(gad_inspect_line_next(&l, &p, &len, &s));
    assert_false(l.lost);
    assert_memory_equal(s.p, "ghi", 3);
    gad_inspect_line_gap(&l); /* between lines: the next may lack its beginning */
    p = (const uint8_t *)"jkl\n";
    len = 4;
    assert_true(gad_inspect_line_next(&l, &p, &len, &s));
    assert_true(l.lost);
}

static void a_nul_makes_a_line_binary(void **state)
{
    (void)state;
    struct gad_inspect_line l = {0};
    struct gad_span s;
    const uint8_t *p = (const uint8_t *)"a\0b\nab\n";
    size_t len = 7;

    assert_true(gad_inspect_line_next(&l, &p, &len, &s));
    assert_true(l.has_binary);
    assert_true(gad_inspect_line_next(&l, &p, &len, &s));
    assert_false(l.has_binary);
}

/* What a terminal makes of the bytes, "|" behind each line, the unfinished one without. */
static void typed(const char *p, size_t len, char *out)
{
    struct gad_inspect_line l = {0};
    for (size_t i = 0; i < len; i++) {
        if (!gad_inspect_line_typed(&l, (uint8_t)p[i]))
            continue;
        memcpy(out, l.buf, l.len);
        out += l.len;
        *out++ = '|';
    }
    if (!l.taken) {
        memcpy(out, l.buf, l.len);
        out += l.len;
    }
    *out = '\0';
}

static void a_typed_line_ends_in_many_ways(void **state)
{
    (void)state;
    static const char text[] = "a\rb\nc\r\nd\r\0e\n\r\r\n\nf\0g";
    char out[64];
    typed(text, sizeof(text) - 1, out);
    assert_string_equal(out, "a|b|c|d|e||||fg");
}

static void editing_stops_at_the_beginning_of_the_line(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } t[] = {
        {"\b\x7f"
         "ab\bc\r",
         "ac|"},
        {"ab\r\b\bc\r", "ab|c|"},
        {"ab cd  \x17"
         "e\r",
         "ab e|"},
        {"\x17"
         "a\x17\r",
         "|"},
        {"abc\x15"
         "d\x03"
         "e\r",
         "e|"},
        {"a\tb\a\x01\r", "a\tb|"},
    };
    for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        char out[64];
        typed(t[i].in, strlen(t[i].in), out);
        assert_string_equal(out, t[i].out);
    }
}

static void a_typed_line_is_kept_up_to_its_limit(void **state)
{
    (void)state;
    for (size_t len = MAX - 1; len <= MAX + 1; len++) {
        struct gad_inspect_line l = {0};
        for (size_t i = 0; i < len; i++)
            assert_false(gad_inspect_line_typed(&l, 'a'));
        assert_true(gad_inspect_line_typed(&l, '\r'));
        assert_int_equal(l.len, len < MAX ? len : MAX);
        assert_int_equal(l.cut, len > MAX);
    }
}

static void shown(enum gad_terminal_kind kind, const char *p, size_t len, const char *want)
{
    struct gad_terminal t = {0};
    char out[64];
    size_t n = 0;

    for (size_t i = 0; i < len; i++)
        if (gad_terminal_byte(&t, kind, (uint8_t)p[i]))
            out[n++] = p[i];
    out[n] = '\0';
    assert_string_equal(out, want);
}

static void options_and_sequences_are_taken_out(void **state)
{
    (void)state;
    static const char telnet[] = "a\xff\xfb\x01"
                                 "b\xff\xf1"
                                 "c\xff\xfa\x18\x00xx\xff\xff\xff\xf0"
                                 "d\xff\xff"
                                 "e";
    static const char rlogin[] = "a\xff\xffss0123456\xff"
                                 "b\xff"
                                 "c\xff\xffss01234567d";
    static const char escapes[] = "a\033[1;31mb\033]0;title\ac\033]2;x\033\\d\033=e\033[\rf";

    shown(GAD_TERMINAL_TELNET, telnet, sizeof(telnet) - 1,
          "abcd\xff"
          "e");
    shown(GAD_TERMINAL_RLOGIN, rlogin, sizeof(rlogin) - 1, "abcd");
    shown(GAD_TERMINAL_TELNET, escapes, sizeof(escapes) - 1, "abcde\rf");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_end_in_lf_and_lose_the_cr_before_it),
        cmocka_unit_test(a_longer_line_is_known_by_its_first_bytes),
        cmocka_unit_test(a_gap_hides_the_rest_of_its_line),
        cmocka_unit_test(a_nul_makes_a_line_binary),
        cmocka_unit_test(a_typed_line_ends_in_many_ways),
        cmocka_unit_test(editing_stops_at_the_beginning_of_the_line),
        cmocka_unit_test(a_typed_line_is_kept_up_to_its_limit),
        cmocka_unit_test(options_and_sequences_are_taken_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
