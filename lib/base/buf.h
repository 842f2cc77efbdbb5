/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Growing byte buffer with a cap. A failed append (no memory, or over the cap) sets `bad`, which stays set
 * and makes later appends do nothing; so a writer writes a whole message and asks once.
 *
 *     0 .. pos  read and done with      pos .. len  valid bytes      len .. cap  room
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct gad_buf {
    uint8_t *p;
    size_t pos, len, cap;
    size_t max; /* bytes; growth beyond fails */
    bool bad;
};

#define GAD_BUF_INIT(limit) ((struct gad_buf){.max = (limit)})

void gad_buf_deinit(
    struct gad_buf *b); /* frees the bytes, keeps the limit; the buffer may be used again */

/* Room for n more bytes behind len; NULL and bad if there cannot be. Compacts read bytes away first. */
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

/* n unread bytes are done with; an empty buffer starts over at 0. */
void gad_buf_consume(struct gad_buf *b, size_t n);
