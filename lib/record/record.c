/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/record/record.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>

static bool legal(const struct gad_column_info *col, double v)
{
    if (!(v >= 0.0 && v <= col->max)) /* refuses NaN too */
        return false;
    if (col->kind == GAD_KIND_RATE)
        return true;
    return v == (double)(uint64_t)v; /* max is 2^53 at most */
}

int gad_record_check(const struct gad_record *r)
{
    for (int c = 0; c < GAD_N_COLUMNS; c++) {
        const struct gad_column_info *col = &gad_columns[c];
        if (!legal(col, r->v[c]) &&
            !(col->kind == GAD_KIND_NAME && r->v[c] == (double)GAD_NAME_UNKNOWN))
            return c;
    }
    return -1;
}

/* Counts are whole; an expectation between two counts has one decimal, while that is informative:
 * 2.1, but 3 and not 3.0. */
static int decimals(double v)
{
    return v < 100.0 && rint(v * 10.0) != 10.0 * rint(v) ? 1 : 0;
}

void gad_value_text(enum gad_column col, double v, char text[static GAD_VALUE_TEXT])
{
    switch (gad_columns[col].kind) {
    case GAD_KIND_NAME:
        (void)snprintf(text, GAD_VALUE_TEXT, "%s", gad_name_text(col, (int)v));
        break;
    case GAD_KIND_RATE:
        (void)snprintf(text, GAD_VALUE_TEXT, "%.2f", v);
        break;
    case GAD_KIND_NUMBER:
    case GAD_KIND_BINARY:
        (void)snprintf(text, GAD_VALUE_TEXT, "%.*f", decimals(v), v);
        break;
    }
}
