/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/report/html.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "models/interval.h"
#include "tools/common/show.h"

static const char dash[] = "\u2013";

/* Length of the character at s if a page may contain it: well-formed UTF-8, shortest form, no
 * surrogate, no control character and nothing that XML forbids; else 0. */
static size_t character(const unsigned char *s)
{
    if (s[0] < 0x80)
        return s[0] >= 0x20 && s[0] != 0x7f;
    size_t len = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    uint32_t v = s[0] & (0xffU >> (len + 1));

    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80) /* NUL is not a continuation byte */
            return 0;
        v = v << 6 | (s[i] & 0x3f);
    }
    static const uint32_t least[] = {0x80, 0x800, 0x10000};
    bool bad = v < least[len - 2] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff) || v < 0xa0 ||
               (v & 0xfffe) == 0xfffe;
    /* Characters that change the direction of text can make a name look like another. */
    bool turns = (v >= 0x202a && v <= 0x202e) || (v >= 0x2066 && v <= 0x2069) ||
                 (v >= 0x200e && v <= 0x200f);
    return bad || turns ? 0 : len;
}

void html_text(struct gad_buf *b, const char *s)
{
    static const struct {
        char c;
        const char *text;
    } escapes[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};

    while (*s) {
        size_t len = character((const unsigned char *)s);
        const char *text = NULL;
        for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++)
            if (*s == escapes[i].c)
                text = escapes[i].text;
        if (len == 0)
            gad_buf_printf(b, "\\x%02x", (unsigned char)*s);
        else if (text)
            gad_buf_add(b, text, strlen(text));
        else
            gad_buf_add(b, s, len);
        s += len ? len : 1;
    }
}

void html_count(struct gad_buf *b, uint64_t n)
{
    char text[SHOW_TEXT];

    gad_buf_printf(b, "%s", show_count(n, text));
}

void html_section(struct gad_buf *b, const char *id, const char *heading)
{
    gad_buf_printf(b, "<section id=\"%s\">\n<h2>", id);
    html_text(b, heading);
    gad_buf_printf(b, "</h2>\n");
}

void html_paragraph(struct gad_buf *b, const char *class, const char *text)
{
    gad_buf_printf(b, "<p class=\"%s\">", class);
    html_text(b, text);
    gad_buf_printf(b, "</p>\n");
}

void html_table(struct gad_buf *b, const char *label, const char *const *column, size_t n_columns)
{
    gad_buf_printf(b, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"");
    html_text(b, label);
    gad_buf_printf(b, "\">\n<table>\n<thead><tr>");
    for (size_t i = 0; i < n_columns; i++) {
        gad_buf_printf(b, "<th scope=\"col\">");
        html_text(b, column[i]);
        gad_buf_printf(b, "</th>");
    }
    gad_buf_printf(b, "</tr></thead>\n<tbody>\n");
}

void html_table_end(struct gad_buf *b)
{
    gad_buf_printf(b, "</tbody>\n</table>\n</div>\n");
}

void html_cell(struct gad_buf *b, const char *class, const char *text)
{
    if (class)
        gad_buf_printf(b, "<td class=\"%s\">", class);
    else
        gad_buf_printf(b, "<td>");
    html_text(b, text);
    gad_buf_printf(b, "</td>");
}

void html_count_cell(struct gad_buf *b, uint64_t n)
{
    char text[SHOW_TEXT];

    html_cell(b, NULL, show_count(n, text));
}

/* At least two significant digits near 0, one or two decimals near 100. */
static int decimals(double p)
{
    if (p >= 50.0)
        return 100.0 - p >= 1.0 ? 1 : 100.0 - p >= 0.0095 ? 2 : 100.0 - p >= 0.00095 ? 3 : 4;
    return p >= 10.0 ? 1 : p >= 0.1 ? 2 : p >= 0.01 ? 3 : 4;
}

const char *html_rate(double v, char text[static HTML_NUMBER])
{
    double p = 100.0 * v;

    if (isnan(v))
        (void)snprintf(text, HTML_NUMBER, "%s", dash);
    else if (v == 0.0 || v == 1.0)
        (void)snprintf(text, HTML_NUMBER, "%.0f\u00a0%%", p);
    else if (p > 99.9999)
        (void)snprintf(text, HTML_NUMBER, ">\u00a099.9999\u00a0%%");
    else if (p < 0.0001)
        (void)snprintf(text, HTML_NUMBER, "<\u00a00.0001\u00a0%%");
    else
        (void)snprintf(text, HTML_NUMBER, "%.*f\u00a0%%", decimals(p), p);
    return text;
}

const char *html_figure(double v, char text[static HTML_NUMBER])
{
    if (isnan(v))
        (void)snprintf(text, HTML_NUMBER, "%s", dash);
    else if (v < 1.0 && v > 0.99995)
        (void)snprintf(text, HTML_NUMBER, ">\u00a00.9999");
    else
        (void)snprintf(text, HTML_NUMBER, "%.4f", v);
    return text;
}

const char *html_score(double v, char text[static HTML_NUMBER])
{
    if (v >= 1000.0 && v < 1e12)
        return show_count((uint64_t)(v + 0.5), text);
    (void)snprintf(text, HTML_NUMBER, "%.5g", v);
    return text;
}

const char *html_interval(struct gad_interval i, char text[static HTML_INTERVAL])
{
    char low[HTML_NUMBER], high[HTML_NUMBER];

    (void)snprintf(text, HTML_INTERVAL, "%s to %s", html_rate(i.low, low), html_rate(i.high, high));
    return text;
}
