/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Capture files by hand, as bytes and as files in a temporary directory. */

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { CAPTURE_MAX = 1 << 16 };

struct capture {
    bool is_big, is_ns;
    size_t len;
    uint8_t p[CAPTURE_MAX];
};

static inline void cap16(struct capture *c, unsigned v)
{
    c->p[c->len++] = (uint8_t)(c->is_big ? v >> 8 : v);
    c->p[c->len++] = (uint8_t)(c->is_big ? v : v >> 8);
}

static inline void cap32(struct capture *c, uint32_t v)
{
    cap16(c, c->is_big ? v >> 16 : v & 0xffff);
    cap16(c, c->is_big ? v & 0xffff : v >> 16);
}

static inline void cap_bytes(struct capture *c, size_t n)
{
    for (size_t i = 0; i < n; i++)
        c->p[c->len++] = (uint8_t)i;
}

static inline void cap_start(struct capture *c, uint32_t link_type)
{
    c->len = 0;
    cap32(c, c->is_ns ? 0xa1b23c4d : 0xa1b2c3d4);
    cap16(c, 2);
    cap16(c, 4);
    cap32(c, 0);
    cap32(c, 0);
    cap32(c, 65535);
    cap32(c, link_type);
}

static inline void cap_frame(struct capture *c, uint32_t s, uint32_t fraction, uint32_t caplen,
                             uint32_t len)
{
    cap32(c, s);
    cap32(c, fraction);
    cap32(c, caplen);
    cap32(c, len);
    cap_bytes(c, caplen);
}

/* pcapng: section, one interface whose unit is 10^-resolution s, and frames. */
static inline void cap_ng_start(struct capture *c, unsigned link_type, uint8_t resolution)
{
    c->len = 0;
    cap32(c, 0x0a0d0d0a);
    cap32(c, 28);
    cap32(c, 0x1a2b3c4d);
    cap16(c, 1);
    cap16(c, 0);
    cap32(c, UINT32_MAX);
    cap32(c, UINT32_MAX);
    cap32(c, 28);
    cap32(c, 1);
    cap32(c, 32);
    cap16(c, link_type);
    cap16(c, 0);
    cap32(c, 65535);
    cap16(c, 9); /* if_tsresol */
    cap16(c, 1);
    c->p[c->len++] = resolution;
    c->len += 3;
    cap32(c, 0);
    cap32(c, 32);
}

static inline void cap_ng_frame(struct capture *c, uint64_t t, uint32_t caplen, uint32_t len)
{
    uint32_t padded = (caplen + 3) & ~3U;

    cap32(c, 6);
    cap32(c, 32 + padded);
    cap32(c, 0);
    cap32(c, (uint32_t)(t >> 32));
    cap32(c, (uint32_t)t);
    cap32(c, caplen);
    cap32(c, len);
    cap_bytes(c, padded);
    cap32(c, 32 + padded);
}

/* As one gzip member; returns its length. */
static inline size_t cap_gzip(const void *p, size_t n, uint8_t out[static CAPTURE_MAX])
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)p,
                  .avail_in = (uInt)n,
                  .next_out = out,
                  .avail_out = CAPTURE_MAX};
    if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK ||
        deflate(&z, Z_FINISH) != Z_STREAM_END)
        abort();
    size_t len = CAPTURE_MAX - z.avail_out;
    (void)deflateEnd(&z);
    return len;
}

static inline void write_file(const char *path, const void *p, size_t n)
{
    FILE *f = fopen(path, "wbe");
    if (!f || fwrite(p, 1, n, f) != n || fclose(f) != 0)
        abort();
}
