/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/record/reason.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool gad_reason_says(const struct gad_reason *r)
{
    char value[GAD_VALUE_TEXT], expected[GAD_VALUE_TEXT];

    if (!(r->share > 0))
        return false;
    /* Numbers that differ by 1 have different texts. */
    if (gad_columns[r->column].kind != GAD_KIND_NAME && fabs(r->value - r->expected) >= 1)
        return true;
    gad_value_text(r->column, r->value, value);
    gad_value_text(r->column, r->expected, expected);
    return strcmp(value, expected) != 0;
}

size_t gad_reasons_order(struct gad_reason *r, size_t n)
{
    size_t n_says = 0;

    for (size_t i = 0; i < n; i++) {
        const struct gad_reason one = r[i];
        if (!gad_reason_says(&one))
            continue;
        memmove(r + n_says + 1, r + n_says, (i - n_says) * sizeof(*r));
        r[n_says++] = one;
    }
    return n_says;
}

void gad_reason_words(const char *feature, const char *value, const char *expected,
                      char text[static GAD_REASON_TEXT])
{
    (void)snprintf(text, GAD_REASON_TEXT, "%s %s (expected %s)", feature, value, expected);
}

void gad_reason_text(const struct gad_reason *r, char text[static GAD_REASON_TEXT])
{
    char value[GAD_VALUE_TEXT], expected[GAD_VALUE_TEXT];

    gad_value_text(r->column, r->value, value);
    gad_value_text(r->column, r->expected, expected);
    gad_reason_words(gad_columns[r->column].name, value, expected, text);
}
