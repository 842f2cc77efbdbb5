/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Mean feature contributions: means of the shares of gad_detector_explain(), by category of flagged
 * positives, because a mean over all rows would be that of the largest flood. Beside them the means
 * of the most anomalous negatives, from which false alarms come.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/dataset/attack.h"
#include "lib/record/column.h"

struct measurement;

enum {
    IMPORTANCE_ROWS = 500,        /* explained rows of each group, evenly spread */
    IMPORTANCE_ROWS_SEARCHED = 25 /* for a model that searches */
};

struct importance_group {
    const char *name; /* of the category */
    uint64_t rows;    /* in the group */
    size_t n;         /* explained rows; 0: the group is empty */
    double share[GAD_N_COLUMNS];
};

struct importance {
    size_t n_groups;
    struct importance_group group[GAD_N_CLASSES]; /* flagged rows; "flagged" alone without labels */
    /* The 1 % of the negatives, without labels of all rows, with the highest scores. */
    struct importance_group highest;
    double overall[GAD_N_COLUMNS];        /* mean of the groups, with equal weights */
    enum gad_column order[GAD_N_COLUMNS]; /* by overall, without groups by highest; largest first */
};

int importance_find(const struct measurement *m, struct importance *ret) GAD_MUST_CHECK;
