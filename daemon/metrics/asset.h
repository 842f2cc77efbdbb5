/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The files of the live page, which tools/dev/embed turns into C. */

#include <stddef.h>

struct asset {
    const char *path; /* of the request */
    const char *type; /* Content-Type */
    const unsigned char *data;
    size_t len;
};

extern const struct asset assets[];
extern const size_t n_assets;
