/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/json.h"

#include <math.h>
#include <stdio.h>

#include "lib/base/buf.h"
#include "lib/base/text.h"

static void escape(struct gad_buf *b, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    char t[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

    if (c == '"' || c == '\\') {
        t[1] = (char)c;
        gad_buf_add(b, t, 2);
    } else {
        gad_buf_add(b, t, 6);
    }
}

void gad_json_string(struct gad_buf *b, const char *s, size_t len)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t at = 0;

    gad_json_raw(b, "\"");
    while (at < len) {
        size_t from = at;
        while (at < len && u[at] >= 0x20 && u[at] < 0x7f && u[at] != '"' && u[at] != '\\')
            at++;
        gad_buf_add(b, s + from, at - from);
        if (at == len)
            break;
        if (u[at] < 0x80) {
            escape(b, u[at++]);
            continue;
        }
        size_t n = gad_text_utf8(u + at, len - at);
        if (n == 0)
            gad_json_raw(b, "\\ufffd");
        else
            gad_buf_add(b, s + at, n);
        at += n ? n : 1;
    }
    gad_json_raw(b, "\"");
}

enum { U64_DIGITS = 20 };

/* Writes the digits of @v so that they end before @end. Returns where they begin. */
static char *digits_before(char *end, uint64_t v)
{
    do {
        *--end = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    return end;
}

void gad_json_u64(struct gad_buf *b, uint64_t v)
{
    char t[U64_DIGITS], *p = digits_before(t + sizeof(t), v);
    gad_buf_add(b, p, (size_t)(t + sizeof(t) - p));
}

/* Appends hundredths / 100 without trailing zeros. */
static void add_hundredths(struct gad_buf *b, uint64_t hundredths)
{
    unsigned rest = (unsigned)(hundredths % 100);
    char t[3] = {'.', (char)('0' + rest / 10), (char)('0' + rest % 10)};

    gad_json_u64(b, hundredths / 100);
    if (rest != 0)
        gad_buf_add(b, t, rest % 10 == 0 ? 2 : 3);
}

void gad_json_real(struct gad_buf *b, double v, int digits)
{
    char t[40];

    if (!isfinite(v)) {
        gad_json_raw(b, "null");
        return;
    }
    if (v >= 0 && v < 1e15 && v == floor(v)) {
        gad_json_u64(b, (uint64_t)v);
        return;
    }
    double hundredths = floor(v * 100 + 0.5);
    if (v > 0 && v < 1e6 && (float)(hundredths / 100) == (float)v) {
        add_hundredths(b, (uint64_t)hundredths);
        return;
    }
    int n = snprintf(t, sizeof(t), "%.*g", digits, v);
    if (n > 0 && (size_t)n < sizeof(t))
        gad_buf_add(b, t, (size_t)n);
}
