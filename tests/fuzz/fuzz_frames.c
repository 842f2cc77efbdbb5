/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sequence of frames: two bytes (link type, options), then frames, each with a length of two
 * bytes, one byte of signed seconds since the last, and one byte of the uncaptured length. It tests
 * state across frames: fragments, time, checksums.
 */

#include "lib/base/cursor.h"
#include "tests/fuzz/decoding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gad_cursor c = gad_cursor_init(data, size);
    struct decoding s = {.frames = 0};
    struct gad_time now = {INT64_C(1000000000000000000)};
    int link_type = link_types[gad_cursor_u8(&c) % N_LINK_TYPES];

    if (!decoding_start(&s, gad_cursor_u8(&c)))
        return 0;
    while (c.left >= 4) {
        size_t len = gad_cursor_u16be(&c);
        now.ns += (int8_t)gad_cursor_u8(&c) * INT64_C(1000000000);
        uint8_t missing = gad_cursor_u8(&c);
        if (len > c.left)
            len = c.left;
        const uint8_t *frame = gad_cursor_take(&c, len);
        decode_frame(&s, link_type, now, frame, len, missing);
    }
    decoding_end(&s);
    return 0;
}
