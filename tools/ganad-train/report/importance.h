/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which columns make up scores, on average: means of the shares of gad_detector_explain(). Of flagged positives by
 * category, because of all rows together a flood would be the only one to be heard; of the strangest negatives beside
 * them, which is where false alarms come from.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/dataset/attack.h"
#include "lib/record/column.h"

struct measurement;

enum {
    IMPORTANCE_ROWS = 500,        /* explained of each group, evenly spread */
    IMPORTANCE_ROWS_SEARCHED = 25 /* of a model that searches for each */
};

struct importance_group {
    const char *name; /* of the category */
    uint64_t rows;    /* flagged, or strangest */
    size_t n;         /* of them explained; 0: there are none */
    double share[GAD_N_COLUMNS];
};

struct importance {
    size_t n_groups;
    struct importance_group group[GAD_N_CLASSES]; /* flagged rows; "flagged" alone without labels */
    struct importance_group
        strangest; /* the negatives' 1 % with the highest scores; all rows' without labels */
    double overall[GAD_N_COLUMNS];        /* mean of the groups, each counting the same */
    enum gad_column order[GAD_N_COLUMNS]; /* by overall, else by the strangest; largest first */
};

int importance_find(const struct measurement *m, struct importance *ret) GAD_MUST_CHECK;
