/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/record/reason.h"

#include <math.h>
#include <stdio.h>

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
        /* Counts are whole; an expectation between two is shown so, as long as that says anything. */
        (void)snprintf(text, GAD_VALUE_TEXT, v == rint(v) || v >= 100.0 ? "%.0f" : "%.1f", v);
        break;
    }
}
