/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a connection: frames, then the messages of the three kinds that a server accepts.
 * For any bytes, a frame lies within them, and their division into reads changes nothing.
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

/* With one byte less the answer is the same or needs more: never another frame, never another
 * length. */
static void check_cut(const uint8_t *p, size_t len, int err, size_t used)
{
    struct gad_frame part = {0};
    size_t part_used = 0;
    int cut = gad_frame_next(p, len - 1, cap, NULL, &part, &part_used);

    gad_assert(cut == err || cut == GAD_MORE);
    gad_assert(cut != 0 || part_used == used);
}

/* A frame lies within the bytes that it was read from. */
static void check_whole(const struct gad_frame *f, const uint8_t *p, size_t len, size_t used)
{
    gad_assert(used >= GAD_FRAME_HEAD && used <= len);
    gad_assert(f->p == p + GAD_FRAME_HEAD && f->len == used - GAD_FRAME_HEAD && f->len <= CAP);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t at = 0;

    for (int n = 0; n < FRAMES_MAX; n++) {
        struct gad_frame f = {0};
        size_t used = 0;
        int err = gad_frame_next(data + at, size - at, cap, NULL, &f, &used);

        if (size > at)
            check_cut(data + at, size - at, err, used);
        if (err != 0)
            break;
        check_whole(&f, data + at, size - at, used);
        unpack(&f);
        at += used;
    }
    return 0;
}
