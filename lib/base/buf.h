/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Growing byte buffer with a limit. An append that fails (no memory, or over the limit) sets `bad`.
 * Once set, `bad` stays, and later appends do nothing: a writer writes a whole message and checks
 * once.
 *
 *     0 .. pos  read and discarded      pos .. len  valid bytes      len .. cap  free
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct gad_buf {
    uint8_t *p;
    size_t pos, len, cap;
    size_t max; /* bytes; growing beyond it fails */
    bool bad;
};

#define GAD_BUF_INIT(limit) ((struct gad_buf){.max = (limit)})

/* Frees the bytes and keeps the limit; the buffer can be used again. */
void gad_buf_deinit(struct gad_buf *b);

/* Returns space for n more bytes behind len, or NULL and sets `bad`. Discards the bytes that were
 * read first. */
uint8_t *gad_buf_room(struct gad_buf *b, size_t n);

void gad_buf_add(struct gad_buf *b, const void *p, size_t n);
void gad_buf_add_u32be(struct gad_buf *b, uint32_t v);
void gad_buf_add_u32le(struct gad_buf *b, uint32_t v);
void gad_buf_add_u64le(struct gad_buf *b, uint64_t v);
void gad_buf_printf(struct gad_buf *b, const char *fmt, ...)
    __attribute__((__format__(__printf__, 2, 3)));

/* Unread bytes. */
static inline size_t gad_buf_left(const struct gad_buf *b)
{
    return b->len - b->pos;
}

/* Discards n unread bytes; an empty buffer starts again at 0. */
void gad_buf_consume(struct gad_buf *b, size_t n);
