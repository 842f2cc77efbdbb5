/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Times of frames that one wrong clock reading cannot move. A frame that is dated more than a
 * minute ahead of the one before it, or behind it, is held until the next frame of the source:
 *
 *     the next one confirms the step    both have their own times: the clock was set, or the link
 *                                       was quiet
 *     it does not                       the held frame has the time of the one before it
 *
 * So one frame dated a day ahead ends no connection. At the end of the input a held frame has its
 * own time: nothing follows that it could harm.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/time.h"

struct gad_frame {
    struct gad_time time;
    int link_type;
    const uint8_t *data; /* (caplen) bytes */
    size_t caplen, len;  /* captured; on the wire */
    uint64_t number;     /* as the caller numbers frames; 0: it does not */
};

struct gad_steady {
    struct gad_time now; /* of the last frame that was not held */
    bool has_begun, has_held;
    struct gad_frame held; /* data: in buffer */
    uint8_t *buffer;
    size_t room;
    uint64_t steps;  /* confirmed */
    uint64_t strays; /* frames whose time was wrong */
};

enum gad_steady_fate {
    GAD_STEADY_NOW,      /* the frame is next */
    GAD_STEADY_HELD,     /* nothing is next */
    GAD_STEADY_RELEASED, /* *ret_first is next, then ask again for the frame */
};

/* Judges the next frame; corrects its time if no memory to hold it is available. *ret_first is
 * valid until the next call. */
enum gad_steady_fate gad_steady_next(struct gad_steady *s, struct gad_frame *f,
                                     struct gad_frame *ret_first);

/* At the end of the input, or (not is_end) when the clock reached `now` without a frame. Returns
 * whether *ret, the held frame, is next. */
bool gad_steady_release(struct gad_steady *s, struct gad_time now, bool is_end,
                        struct gad_frame *ret);

void gad_steady_deinit(struct gad_steady *s);
