/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where the public data sets are: $GANAD_DATA, else ../shared/data beside the source tree. */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { DATA_PATH_MAX = 4096 };

/* False, with a message, if the file is not there. $SOURCE_ROOT is set by meson. */
static inline bool find_data(const char *name, char path[static DATA_PATH_MAX])
{
    const char *dir = getenv("GANAD_DATA"), *root = getenv("SOURCE_ROOT");

    int len = dir ? snprintf(path, DATA_PATH_MAX, "%s/%s", dir, name)
                  : snprintf(path, DATA_PATH_MAX, "%s/../shared/data/%s", root ? root : ".", name);
    if (len > 0 && len < DATA_PATH_MAX && access(path, R_OK) == 0)
        return true;
    printf("no %s: set GANAD_DATA, or run tools/fetch-data; skipped\n", path);
    return false;
}

enum { TEST_SKIPPED = 77 }; /* exit code that meson takes for it */
