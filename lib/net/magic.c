/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net/magic.h"

#include <stdint.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/z_mem.h"
#include "lib/net/unpack.h"

enum {
    MAGIC_LEN = 4,
    GZIP_WINDOW = 15 + 16, /* the largest window; gzip header and trailer, nothing else */
};

/* pcap in both byte orders, with microseconds, nanoseconds or longer headers, and pcapng. */
static const uint8_t magic[][MAGIC_LEN] = {
    {0xd4, 0xc3, 0xb2, 0xa1}, {0xa1, 0xb2, 0xc3, 0xd4}, {0x4d, 0x3c, 0xb2, 0xa1},
    {0xa1, 0xb2, 0x3c, 0x4d}, {0x34, 0xcd, 0xb2, 0xa1}, {0xa1, 0xb2, 0xcd, 0x34},
    {0x0a, 0x0d, 0x0d, 0x0a},
};

/* GAD_MORE: the bytes are the start of a magic number. */
static int is_magic(const uint8_t *p, size_t len, bool *ret)
{
    size_t n = len < MAGIC_LEN ? len : MAGIC_LEN;
    bool begins = false;

    for (size_t i = 0; i < sizeof(magic) / sizeof(magic[0]); i++)
        begins = begins || n == 0 || memcmp(p, magic[i], n) == 0;
    if (begins && n < MAGIC_LEN)
        return GAD_MORE;
    *ret = begins;
    return 0;
}

static int is_gzip_magic(const void *p, size_t len, bool *ret)
{
    uint8_t out[MAGIC_LEN] = {0};
    z_stream z = GAD_Z_STREAM;

    if (inflateInit2(&z, GZIP_WINDOW) != Z_OK)
        return GAD_ENOMEM;
    z.next_in = (Bytef *)(uintptr_t)p; /* zlib's type has no const */
    z.avail_in = (uInt)(len < UINT32_MAX ? len : UINT32_MAX);
    z.next_out = out;
    z.avail_out = MAGIC_LEN;
    int r = inflate(&z, Z_SYNC_FLUSH);
    size_t n = MAGIC_LEN - z.avail_out;
    (void)inflateEnd(&z);
    if (r == Z_MEM_ERROR)
        return GAD_ENOMEM;
    bool is_over = r != Z_OK && r != Z_BUF_ERROR; /* a member's end, or it is broken */
    int err = n > 0 || !is_over ? is_magic(out, n, ret) : 0;
    if (err == GAD_MORE && is_over)
        err = 0;
    if (err == 0 && n < MAGIC_LEN)
        *ret = false;
    return err;
}

int gad_magic_is_capture(const void *p, size_t len, bool *ret)
{
    enum gad_packed kind = GAD_PACKED_NONE;

    int r = gad_packed_kind(p, len, &kind);
    if (r != 0)
        return r;
    if (kind == GAD_PACKED_GZIP)
        return is_gzip_magic(p, len, ret);
    if (kind == GAD_PACKED_NONE)
        return is_magic(p, len, ret);
    *ret = true; /* files of records are never packed like this */
    return 0;
}
