/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Two checkpoints on the same records, without a daemon. */

#include <stdbool.h>

struct compare {
    const char *checkpoint[2];
    const char *file;  /* of records */
    double fpr_budget; /* of both thresholds */
    bool json;
};

/* Prints the comparison. Returns an exit code, after any message. */
int compare_run(const struct compare *c);
