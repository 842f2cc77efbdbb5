/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"

void gad_buf_deinit(struct gad_buf *b)
{
    gad_free(b->p);
    *b = GAD_BUF_INIT(b->max);
}

static void compact(struct gad_buf *b)
{
    if (!b->p || b->pos == 0)
        return;
    memmove(b->p, b->p + b->pos, b->len - b->pos);
    b->len -= b->pos;
    b->pos = 0;
}

uint8_t *gad_buf_room(struct gad_buf *b, size_t n)
{
    if (b->bad)
        return NULL;
    if (b->p && n <= b->cap - b->len)
        return b->p + b->len;

    compact(b);
    if (n > b->max || b->len > b->max - n) {
        b->bad = true;
        return NULL;
    }
    if (!b->p || n > b->cap - b->len) {
        /* doubling from 256, bounded by max: cannot overflow */
        size_t cap = b->cap ? b->cap : b->max < 256 ? b->max : 256;
        while (cap < b->len + n)
            cap = cap > b->max / 2 ? b->max : cap * 2;
        uint8_t *p = gad_realloc_array(b->p, cap, 1);
        if (!p) {
            b->bad = true;
            return NULL;
        }
        b->p = p;
        b->cap = cap;
    }
    return b->p + b->len;
}

void gad_buf_add(struct gad_buf *b, const void *p, size_t n)
{
    uint8_t *room = gad_buf_room(b, n);
    if (!room || n == 0)
        return;
    memcpy(room, p, n);
    b->len += n;
}

void gad_buf_add_u32be(struct gad_buf *b, uint32_t v)
{
    uint8_t t[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
    gad_buf_add(b, t, sizeof(t));
}

void gad_buf_add_u32le(struct gad_buf *b, uint32_t v)
{
    uint8_t t[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};
    gad_buf_add(b, t, sizeof(t));
}

void gad_buf_add_u64le(struct gad_buf *b, uint64_t v)
{
    gad_buf_add_u32le(b, (uint32_t)v);
    gad_buf_add_u32le(b, (uint32_t)(v >> 32));
}

void gad_buf_printf(struct gad_buf *b, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    uint8_t *room = n < 0 ? NULL : gad_buf_room(b, (size_t)n + 1); /* vsnprintf() writes its NUL */
    if (!room) {
        b->bad = true;
        return;
    }
    va_start(ap, fmt);
    (void)vsnprintf((char *)room, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->len += (size_t)n;
}

void gad_buf_consume(struct gad_buf *b, size_t n)
{
    gad_assert(n <= b->len - b->pos);
    b->pos += n;
    if (b->pos == b->len)
        b->pos = b->len = 0;
}
