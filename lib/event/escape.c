/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/event/escape.h"

#include <string.h>

#include "lib/base/buf.h"

size_t gad_utf8_length(const unsigned char *s, size_t len)
{
    static const struct {
        unsigned char first, last, second_from, second_to;
        size_t n;
    } rows[] = {
        {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
        {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
        {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };

    for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
        if (s[0] < rows[r].first || s[0] > rows[r].last)
            continue;
        if (len < rows[r].n || s[1] < rows[r].second_from || s[1] > rows[r].second_to)
            return 0;
        for (size_t i = 2; i < rows[r].n; i++)
            if (s[i] < 0x80 || s[i] > 0xbf)
                return 0;
        return rows[r].n;
    }
    return 0;
}

void gad_escape(struct gad_buf *b, const char *s, const char *special, char escape)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t len = strlen(s);

    for (size_t at = 0; at < len;) {
        size_t from = at;
        while (at < len && u[at] >= 0x20 && u[at] < 0x7f && !strchr(special, s[at]))
            at++;
        gad_buf_add(b, s + from, at - from);
        if (at == len)
            break;
        size_t n = u[at] < 0x80 ? 1 : gad_utf8_length(u + at, len - at);
        if (n == 0) {
            gad_buf_add(b, "\xef\xbf\xbd", 3);
        } else if (u[at] >= 0x80) {
            gad_buf_add(b, s + at, n);
        } else if (u[at] < 0x20 || u[at] == 0x7f) {
            gad_buf_add(b, " ", 1);
        } else if (escape) {
            gad_buf_add(b, &escape, 1);
            gad_buf_add(b, s + at, 1);
        } else {
            gad_buf_add(b, "_", 1);
        }
        at += n ? n : 1;
    }
}

void gad_escape_key(struct gad_buf *b, const char *s, const char *also, size_t max)
{
    size_t n = 0;

    for (; s[n] && n < max; n++) {
        char c = s[n];
        bool stays = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     strchr(also, c);
        gad_buf_add(b, stays ? &c : "_", 1);
    }
    if (n == 0)
        gad_buf_add(b, "_", 1);
}
