/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/diag.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"

static void make_printable(char *s)
{
    while (*s) {
        size_t n = gad_text_printable(s);
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
    /* The precision shows gcc at -O0 that the truncation is intended. */
    (void)snprintf(d->text + at, sizeof(d->text) - at, ": %.*s", (int)(sizeof(d->text) - at), old);
    make_printable(d->text);
}
