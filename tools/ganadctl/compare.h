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

/* Returns an exit code of ctl.h, with everything said that there is to say. */
int compare_run(const struct compare *c);
