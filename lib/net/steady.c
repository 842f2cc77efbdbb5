/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net/steady.h"

#include <string.h>

#include "lib/base/mem.h"

static const int64_t step_ns = INT64_C(60000000000);

static bool is_step(struct gad_time from, struct gad_time to)
{
    int64_t d = gad_time_sub(to, from).ns;
    return d > step_ns || d < -step_ns;
}

/* Does a time agree with the held frame's step, forwards or backwards? */
static bool confirms(const struct gad_steady *s, struct gad_time t)
{
    int64_t d = gad_time_sub(t, s->held.time).ns;
    return s->held.time.ns > s->now.ns ? d >= -step_ns : d <= step_ns;
}

static struct gad_frame take_held(struct gad_steady *s, bool is_confirmed)
{
    s->has_held = false;
    if (is_confirmed) {
        s->steps++;
        s->now = s->held.time;
    } else {
        s->strays++;
        s->held.time = s->now;
    }
    return s->held;
}

static bool hold(struct gad_steady *s, const struct gad_frame *f)
{
    if (f->caplen > s->room) {
        uint8_t *p = gad_realloc_array(s->buffer, f->caplen, 1);
        if (!p)
            return false;
        s->buffer = p;
        s->room = f->caplen;
    }
    s->held = *f;
    s->held.data = s->buffer;
    if (f->caplen > 0)
        memcpy(s->buffer, f->data, f->caplen);
    s->has_held = true;
    return true;
}

enum gad_steady_fate gad_steady_next(struct gad_steady *s, struct gad_frame *f,
                                     struct gad_frame *ret_first)
{
    if (s->has_held) {
        *ret_first = take_held(s, is_step(s->now, f->time) && confirms(s, f->time));
        return GAD_STEADY_RELEASED;
    }
    if (s->has_begun && is_step(s->now, f->time)) {
        if (hold(s, f))
            return GAD_STEADY_HELD;
        s->strays++;
        f->time = s->now;
    }
    s->has_begun = true;
    s->now = f->time;
    return GAD_STEADY_NOW;
}

bool gad_steady_release(struct gad_steady *s, struct gad_time now, bool is_end,
                        struct gad_frame *ret)
{
    if (s->has_held && (is_end || (s->held.time.ns > s->now.ns && confirms(s, now)))) {
        *ret = take_held(s, true);
        return true;
    }
    if (!is_end && !s->has_held && s->has_begun && now.ns > s->now.ns && !is_step(s->now, now))
        s->now = now;
    return false;
}

void gad_steady_deinit(struct gad_steady *s)
{
    gad_free(s->buffer);
    *s = (struct gad_steady){0};
}
