/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/diag.h"

#include <stdio.h>
#include <string.h>

/* Length of the printable character at s in UTF-8 (RFC 3629), or 0: a control, C1 ones too, or no UTF-8. */
static size_t printable_len(const unsigned char *s)
{
    unsigned c = s[0];
    size_t n = c >= 0xc2 && c <= 0xdf   ? 2
               : c >= 0xe0 && c <= 0xef ? 3
               : c >= 0xf0 && c <= 0xf4 ? 4
                                        : 0;

    if (c >= 0x20 && c <= 0x7e)
        return 1;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80) /* the terminating NUL ends this too */
            return 0;
    if ((c == 0xc2 && s[1] < 0xa0) || (c == 0xe0 && s[1] < 0xa0) || (c == 0xed && s[1] > 0x9f) ||
        (c == 0xf0 && s[1] < 0x90) || (c == 0xf4 && s[1] > 0x8f))
        return 0; /* C1, overlong, surrogates, overlong, beyond U+10FFFF */
    return n;
}

static void make_printable(char *s)
{
    while (*s) {
        size_t n = printable_len((const unsigned char *)s);
        if (n == 0)
            *s = '?';
        s += n ? n : 1;
    }
}

#undef gad_fail /* diag.h */
int gad_fail(struct gad_diag *d, int err, const char *fmt, ...)
{
    if (!d)
        return err;

    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(d->text, sizeof(d->text), fmt, ap);
    va_end(ap);
    make_printable(d->text);
    return err;
}

void gad_diag_prefix(struct gad_diag *d, const char *fmt, ...)
{
    char old[GAD_DIAG_MAX];

    if (!d)
        return;
    memcpy(old, d->text, sizeof(old));

    va_list ap;
    va_start(ap, fmt);
    int len = vsnprintf(d->text, sizeof(d->text), fmt, ap);
    va_end(ap);
    if (len < 0)
        len = 0;
    size_t at = (size_t)len < sizeof(d->text) ? (size_t)len : sizeof(d->text) - 1;
    /* A precision: gcc at -O0 wants to see that a cut is meant. */
    (void)snprintf(d->text + at, sizeof(d->text) - at, ": %.*s", (int)(sizeof(d->text) - at), old);
    make_printable(d->text);
}
