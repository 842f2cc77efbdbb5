/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/wire/frame.h"

#include "lib/base/buf.h"
#include "lib/base/cursor.h"
#include "lib/base/mem.h"

int gad_frame_next(const uint8_t *p, size_t len, gad_frame_cap_fn *cap, const void *arg,
                   struct gad_frame *ret_frame, size_t *ret_used)
{
    struct gad_cursor c = gad_cursor_init(p, len);
    struct gad_frame f = {0};
    size_t total = gad_cursor_u32be(&c);

    if (c.bad) {
        *ret_frame = f;
        return GAD_MORE;
    }
    if (total == 0)
        return GAD_EFORMAT;
    f.kind = gad_cursor_u8(&c);
    if (c.bad) {
        *ret_frame = f;
        return GAD_MORE;
    }

    f.len = total - 1;
    size_t most = f.kind == 0 ? 0 : cap(f.kind, arg);
    if (most == 0 || f.len > most) {
        *ret_frame = f;
        return most == 0 ? GAD_EUNKNOWN : GAD_ELIMIT;
    }
    f.p = gad_cursor_take(&c, f.len);
    *ret_frame = f;
    if (c.bad)
        return GAD_MORE;
    *ret_used = 4 + total;
    return 0;
}

void gad_frame_add_head(struct gad_buf *b, uint8_t kind, size_t len)
{
    gad_assert(kind != 0 && len < UINT32_MAX);
    gad_buf_add_u32be(b, (uint32_t)len + 1);
    gad_buf_add(b, &kind, 1);
}
