/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a connection, as they come: frames, then the messages of the three kinds that a server takes.
 * Whatever the bytes are, a frame lies within them, and their cutting into reads changes nothing.
 */

#include <stdint.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/wire/frame.h"
#include "proto/ganad.pb-c.h"

enum { CAP = 4096, FRAMES_MAX = 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t cap(uint8_t kind, const void *arg)
{
    (void)arg;
    return kind >= 1 && kind <= 3 ? CAP : 0;
}

static void unpack(const struct gad_frame *f)
{
    if (f->kind == GANAD__V1__KIND__SCORE_REQUEST) {
        Ganad__V1__ScoreRequest *m = ganad__v1__score_request__unpack(NULL, f->len, f->p);
        ganad__v1__score_request__free_unpacked(m, NULL);
    } else if (f->kind == GANAD__V1__KIND__PACKED_REQUEST) {
        Ganad__V1__PackedRequest *m = ganad__v1__packed_request__unpack(NULL, f->len, f->p);
        ganad__v1__packed_request__free_unpacked(m, NULL);
    } else {
        Ganad__V1__ControlRequest *m = ganad__v1__control_request__unpack(NULL, f->len, f->p);
        ganad__v1__control_request__free_unpacked(m, NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t at = 0;

    for (int n = 0; n < FRAMES_MAX; n++) {
        struct gad_frame whole = {0}, part = {0};
        size_t used = 0, ignored = 0;
        int err = gad_frame_next(data + at, size - at, cap, NULL, &whole, &used);

        /* one byte less is the same refusal, or a wish for more: never a frame, never another length */
        if (size > at) {
            int cut = gad_frame_next(data + at, size - at - 1, cap, NULL, &part, &ignored);
            gad_assert(cut == err || cut == GAD_MORE || (cut == 0 && ignored == used));
        }
        if (err != 0)
            break;
        gad_assert(used >= GAD_FRAME_HEAD && used <= size - at &&
                   whole.len == used - GAD_FRAME_HEAD);
        gad_assert(whole.p == data + at + GAD_FRAME_HEAD && whole.len <= CAP);
        unpack(&whole);
        at += used;
    }
    return 0;
}
