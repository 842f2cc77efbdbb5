/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/event/escape.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/text.h"

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
        size_t n = u[at] < 0x80 ? 1 : gad_text_utf8(u + at, len - at);
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
