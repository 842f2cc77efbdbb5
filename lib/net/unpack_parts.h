/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What each kind of lib/net/unpack.h provides. */

#include "lib/net/unpack.h"

struct gad_unpack_ops {
    size_t state_len;          /* bytes of the state, which starts as zeros */
    int (*begin)(void *state); /* 0 or GAD_ENOMEM; also starts the next member */
    /* as gad_unpack_step() */
    int (*step)(void *state, struct gad_unpack_io *io);
    void (*end)(void *state); /* also after begin() failed */
};

extern const struct gad_unpack_ops gad_unpack_gzip;
extern const struct gad_unpack_ops gad_unpack_zstd;
extern const struct gad_unpack_ops gad_unpack_xz;
extern const struct gad_unpack_ops gad_unpack_bzip2;
