/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One frame of any link type: three bytes (link type, options, the uncaptured length), then the
 * frame. A decoded packet has its bytes within the frame, and every frame is counted once.
 */

#include "tests/fuzz/decoding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct decoding s = {.frames = 0};

    if (size < 3 || !decoding_start(&s, data[1]))
        return 0;
    decode_frame(&s, link_types[data[0] % N_LINK_TYPES], (struct gad_time){0}, data + 3, size - 3,
                 data[2]);
    decoding_end(&s);
    return 0;
}
