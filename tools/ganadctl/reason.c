/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganadctl/reason.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/text.h"

void reason_text(const char *feature, const char *value, const char *expected, double share,
                 char text[static REASON_TEXT])
{
    char f[64], v[64], e[64];

    if (strcmp(value, expected) == 0)
        expected = "weakly";
    gad_text_escape(f, sizeof(f), feature, strlen(feature));
    gad_text_escape(v, sizeof(v), value, strlen(value));
    gad_text_escape(e, sizeof(e), expected, strlen(expected));
    (void)snprintf(text, REASON_TEXT, "%s %s (expected %s) %.0f%%", f, v, e, share * 100);
}
