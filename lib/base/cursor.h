/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Bounds-checked reader over borrowed bytes. A read past the end yields zero and sets `bad`. Once
 * set, `bad` stays: a parser reads a whole header and checks once. The byte order is part of each
 * function's name. To commit only on success, read from a copy and assign it back.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct gad_cursor {
    const uint8_t *p;
    size_t left;
    bool bad;
};

static inline struct gad_cursor gad_cursor_init(const void *buf, size_t len)
{
    static const uint8_t empty[1]; /* no arithmetic on NULL */
    return (struct gad_cursor){.p = buf ? buf : empty, .left = buf ? len : 0};
}

/* Returns a borrowed pointer to the next n bytes; NULL, and `bad` set, if fewer are left. */
static inline const uint8_t *gad_cursor_take(struct gad_cursor *c, size_t n)
{
    if (c->bad || n > c->left) {
        c->bad = true;
        return NULL;
    }
    const uint8_t *p = c->p;
    c->p += n;
    c->left -= n;
    return p;
}

/* Skips the next n bytes; if fewer are left, sets `bad` and skips none. */
static inline void gad_cursor_skip(struct gad_cursor *c, size_t n)
{
    (void)gad_cursor_take(c, n);
}

/* Returns a cursor over the next n bytes, so that a nested length cannot leave its parent; empty
 * and `bad` if fewer are left. */
static inline struct gad_cursor gad_cursor_sub(struct gad_cursor *c, size_t n)
{
    const uint8_t *p = gad_cursor_take(c, n);
    return (struct gad_cursor){.p = p, .left = p ? n : 0, .bad = !p};
}

static inline uint8_t gad_cursor_u8(struct gad_cursor *c)
{
    const uint8_t *b = gad_cursor_take(c, 1);
    return b ? b[0] : 0;
}

static inline uint16_t gad_cursor_u16be(struct gad_cursor *c)
{
    const uint8_t *b = gad_cursor_take(c, 2);
    unsigned v = b ? (unsigned)b[0] << 8 | b[1]
                   : 0; /* written as one expression, gcc's -fsanitize reports a narrowing */
    return (uint16_t)v;
}

static inline uint32_t gad_cursor_u32be(struct gad_cursor *c)
{
    const uint8_t *b = gad_cursor_take(c, 4);
    return b ? (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3] : 0;
}

static inline uint32_t gad_cursor_u32le(struct gad_cursor *c)
{
    const uint8_t *b = gad_cursor_take(c, 4);
    return b ? (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0] : 0;
}

static inline uint64_t gad_cursor_u64le(struct gad_cursor *c)
{
    uint64_t lo = gad_cursor_u32le(c);
    return lo | (uint64_t)gad_cursor_u32le(c) << 32;
}

static inline float gad_cursor_f32le(struct gad_cursor *c)
{
    uint32_t bits = gad_cursor_u32le(c);
    float v;
    memcpy(&v, &bits, sizeof(v));
    return v;
}
