/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/report/html.h"

#include <math.h>
#include <string.h>

#include "lib/base/buf.h"
#include "models/interval.h"
#include "tests/unit/test.h"
#include "tools/ganad-train/report/chart.h"

static void assert_text(const char *text, const char *want)
{
    struct gad_buf b = GAD_BUF_INIT(1 << 16);

    html_text(&b, text);
    gad_buf_add(&b, "", 1);
    assert_false(b.bad);
    assert_string_equal((const char *)b.p, want);
    gad_buf_deinit(&b);
}

static void text_cannot_become_markup(void **state)
{
    (void)state;
    assert_text("<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;");
    assert_text("\" onload=\"x&amp;", "&quot; onload=&quot;x&amp;amp;");
    assert_text("plain-1.0_x", "plain-1.0_x");
    assert_text("", "");
}

static void bytes_that_are_no_text_are_shown_as_bytes(void **state)
{
    (void)state;
    assert_text("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
                "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
    assert_text("a\nb\x1b[\x7f", "a\\x0ab\\x1b[\\x7f");
    assert_text("\xff\xc3", "\\xff\\xc3");                   /* never; cut */
    assert_text("\xc0\xbc", "\\xc0\\xbc");                   /* "<" the long way */
    assert_text("\xe0\x80\xbc", "\\xe0\\x80\\xbc");          /* and longer */
    assert_text("\xed\xa0\x80", "\\xed\\xa0\\x80");          /* half of a surrogate pair */
    assert_text("\xef\xbf\xbe", "\\xef\\xbf\\xbe");          /* no character of XML */
    assert_text("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"); /* above the last */
    assert_text("\xe2\x80\xae"
                "gpj",
                "\\xe2\\x80\\xaegpj");     /* turns what follows around */
    assert_text("\xc2\x85", "\\xc2\\x85"); /* a control character */
}

static void rates_have_the_digits_that_say_something(void **state)
{
    (void)state;
    static const struct {
        double v;
        const char *want;
    } cases[] = {{0.0, "0 %"},
                 {1.0, "100 %"},
                 {0.5, "50.0 %"},
                 {0.0092, "0.92 %"},
                 {0.123, "12.3 %"},
                 {0.9974, "99.74 %"},
                 {0.99999, "99.999 %"},
                 {1e-4, "0.010 %"},
                 {1e-5, "0.0010 %"},
                 {1e-9, "< 0.0001 %"},
                 {0.99999999, "> 99.9999 %"}};
    char text[HTML_NUMBER], plain[HTML_NUMBER];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t n = 0;
        (void)html_rate(cases[i].v, text);
        for (const char *p = text; *p; p++) /* the space does not break */
            if (*p != '\xc2')
                plain[n++] = *p == '\xa0' ? ' ' : *p;
        plain[n] = '\0';
        assert_string_equal(plain, cases[i].want);
    }
    assert_string_equal(html_rate((double)NAN, text), "\u2013");
    assert_string_equal(html_figure((double)NAN, text), "\u2013");
    assert_string_equal(html_figure(0.99758, text), "0.9976");
    assert_string_equal(html_figure(0.999999, text), ">\u00a00.9999");
    assert_string_equal(html_figure(1.0, text), "1.0000");
    assert_string_equal(html_score(21.77512, text), "21.775");
    assert_string_equal(html_score(999.99, text), "999.99");
    assert_string_equal(html_score(510768.4, text), "510,768");
    assert_string_equal(html_score(1e30, text), "1e+30");
    char between[HTML_INTERVAL];
    assert_string_equal(html_interval((struct gad_interval){0.0, 0.25}, between),
                        "0\u00a0% to 25.0\u00a0%");
}

/* Points that fall on each other are left out, but never the last. */
static void a_line_is_thinned_and_ends_where_it_ends(void **state)
{
    (void)state;
    struct gad_buf b = GAD_BUF_INIT(1 << 20);
    const struct chart_axis x = {"<x>", 0.0, 1.0, false, CHART_NUMBER},
                            y = {"y", 0.0, 1.0, false, CHART_PERCENT};
    struct chart c;

    chart_begin(&c, &b, CHART_WIDTH, "a", "<t>", "&d", &x, &y);
    size_t head = b.len;
    chart_line_begin(&c, "curve");
    for (int i = 0; i <= 100000; i++)
        chart_line_point(&c, i / 1e5, 1.0);
    chart_line_end(&c);
    assert_in_range(b.len - head, 1000, 10000);
    head = b.len;
    chart_line_begin(&c, "curve");
    chart_line_point(&c, 0.0, 0.0);
    chart_line_point(&c, 1.0, 1.0);
    chart_line_point(&c, 1.0, 1.001); /* a quarter of a unit */
    chart_line_end(&c);
    chart_end(&c);
    gad_buf_add(&b, "", 1);
    assert_false(b.bad);
    const char *text = (const char *)b.p;
    assert_non_null(strstr(text + head, "d=\"M56.0 254.0 L416.0 40.0 416.0 39.8\"/>"));
    assert_non_null(strstr(text, "<title id=\"a-title\">&lt;t&gt;</title>"));
    assert_non_null(strstr(text, "&lt;x&gt;"));
    assert_non_null(strstr(text, ">&amp;d</desc>"));
    gad_buf_deinit(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_cannot_become_markup),
        cmocka_unit_test(bytes_that_are_no_text_are_shown_as_bytes),
        cmocka_unit_test(rates_have_the_digits_that_say_something),
        cmocka_unit_test(a_line_is_thinned_and_ends_where_it_ends),
    };
    return cmocka_run_group_tests_name("html", tests, NULL, NULL);
}
