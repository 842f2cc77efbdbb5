/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a schema is inside, for gad_vectorize(), which walks it once a record. Everybody else uses schema.h. */

#include <stddef.h>
#include <stdint.h>

#include "lib/record/column.h"

enum { GAD_VALUES_MAX = 128 }; /* names of the longest list, with room; a byte on the wire */

struct gad_schema_slot {
    enum gad_column column;
    size_t first, n;
    size_t n_values;                 /* 0 .. n_values - 1 have an entry below */
    int16_t element[GAD_VALUES_MAX]; /* of a value: its element, or -1 */
};

struct gad_schema {
    size_t dim, n_numeric, n_groups;
    uint8_t numeric[GAD_N_COLUMNS]; /* columns of the first n_numeric elements */
    struct gad_schema_slot group[GAD_N_COLUMNS];
    const char **name; /* (dim), of the elements; numeric: the column table's, else into text */
    char *text;        /* the categories, each with its NUL */
};

/* Element that fires for a value, or -1: outside the vocabulary (NaN, too). */
static inline int gad_schema_slot_element(const struct gad_schema_slot *g, double v)
{
    return v >= 0.0 && v < (double)g->n_values ? g->element[(size_t)v] : -1;
}
