/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Why a record is anomalous: a column, what it holds, and what was expected there. */

#include "lib/record/column.h"

struct gad_reason {
    enum gad_column column;
    double value; /* the record's */
    double
        expected; /* the model's, in the units of the column; for a text column a name's number */
    double share; /* of the score, 0 .. 1 */
};

/* A reason's value or expectation as text: "http", "511", "0.98". Always NUL-terminated. */
enum { GAD_VALUE_TEXT = 32 };
void gad_value_text(enum gad_column col, double v, char text[static GAD_VALUE_TEXT]);
