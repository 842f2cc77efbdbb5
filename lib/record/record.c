/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/record/record.h"

#include <stddef.h>

static bool legal(const struct gad_column_info *col, double v)
{
    if (!(v >= 0.0 && v <= col->max)) /* NaN is not */
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
