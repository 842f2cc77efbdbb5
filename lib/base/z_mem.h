/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Makes zlib allocate from the heap of lib/base/mem.h, so that a test can make it fail. A z_stream
 * starts as GAD_Z_STREAM. */

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
