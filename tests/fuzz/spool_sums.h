/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Bytes of a spool with their sums corrected where the input has a sum of ff ff ff ff, because a
 * fuzzer cannot find a CRC. */

#include <stdlib.h>
#include <string.h>

#include "lib/base/crc32c.h"
#include "lib/base/cursor.h"
#include "lib/spool/format.h"

static inline void require(bool holds)
{
    if (!holds)
        abort();
}

static inline uint32_t u32_at(const uint8_t *p)
{
    struct gad_cursor c = gad_cursor_init(p, 4);
    return gad_cursor_u32le(&c);
}

static inline void put_sum_right(uint8_t *sum, uint32_t crc, const uint8_t *p, size_t len)
{
    if (u32_at(sum) == UINT32_MAX)
        gad_put_u32le(sum, gad_crc32c(crc, p, len));
}

/* Of a segment's bytes; returns its salt. */
static inline uint32_t put_segment_right(uint8_t *p, size_t len)
{
    uint32_t salt = len >= GAD_SPOOL_HEAD ? u32_at(p + 12) : 0;

    if (len >= GAD_SPOOL_HEAD)
        put_sum_right(p + GAD_SPOOL_HEAD - 4, 0, p, GAD_SPOOL_HEAD - 4);
    for (size_t at = GAD_SPOOL_HEAD;
         len >= GAD_SPOOL_RECORD_HEAD && at <= len - GAD_SPOOL_RECORD_HEAD;) {
        uint32_t n = u32_at(p + at);
        if (n <= len - at - GAD_SPOOL_RECORD_HEAD)
            put_sum_right(p + at + 24, 0, p + at + GAD_SPOOL_RECORD_HEAD, n);
        put_sum_right(p + at + 28, salt, p + at, GAD_SPOOL_RECORD_HEAD - 4);
        at += n > 0 && n <= len - at ? gad_spool_record_size(n) : GAD_SPOOL_ALIGN;
    }
    return salt;
}
