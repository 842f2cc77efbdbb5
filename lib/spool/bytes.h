/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Little-endian numbers into bytes of fixed places, the other way round of lib/base/cursor.h. */

#include <stdint.h>

static inline void gad_put_u32le(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static inline void gad_put_u64le(uint8_t *p, uint64_t v)
{
    gad_put_u32le(p, (uint32_t)v);
    gad_put_u32le(p + 4, (uint32_t)(v >> 32));
}
