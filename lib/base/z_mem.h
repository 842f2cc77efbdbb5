/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* zlib's memory from the one heap there is, so that a test can make it fail: a z_stream begins as GAD_Z_STREAM. */

#include <zlib.h>

#include "lib/base/mem.h"

static inline voidpf gad_z_alloc(voidpf arg, uInt n, uInt size)
{
    (void)arg;
    return gad_calloc(n, size);
}

static inline void gad_z_free(voidpf arg, voidpf p)
{
    (void)arg;
    gad_free(p);
}

#define GAD_Z_STREAM ((z_stream){.zalloc = gad_z_alloc, .zfree = gad_z_free})
