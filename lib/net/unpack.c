/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net/unpack.h"

#include <stdbool.h>
#include <string.h>

#include "lib/net/unpack_parts.h"

struct gad_unpack {
    const struct gad_unpack_ops *ops;
    max_align_t state[];
};

struct kind {
    const char *name, *command;
    const struct gad_unpack_ops *ops; /* NULL: not in this build */
};

static const struct kind kinds[GAD_N_PACKED] = {
    [GAD_PACKED_NONE] = {"", "", NULL},
    [GAD_PACKED_GZIP] = {"gzip", "gzip -dc", &gad_unpack_gzip},
#ifdef GAD_WITH_ZSTD
    [GAD_PACKED_ZSTD] = {"zstd", "zstd -dc", &gad_unpack_zstd},
#else
    [GAD_PACKED_ZSTD] = {"zstd", "zstd -dc", NULL},
#endif
#ifdef GAD_WITH_XZ
    [GAD_PACKED_XZ] = {"xz", "xz -dc", &gad_unpack_xz},
#else
    [GAD_PACKED_XZ] = {"xz", "xz -dc", NULL},
#endif
#ifdef GAD_WITH_BZIP2
    [GAD_PACKED_BZIP2] = {"bzip2", "bzip2 -dc", &gad_unpack_bzip2},
#else
    [GAD_PACKED_BZIP2] = {"bzip2", "bzip2 -dc", NULL},
#endif
    [GAD_PACKED_LZ4] = {"lz4", "lz4 -dc", NULL},
    [GAD_PACKED_LZIP] = {"lzip", "lzip -dc", NULL},
    [GAD_PACKED_COMPRESS] = {"compress", "gzip -dc", NULL},
    [GAD_PACKED_ZIP] = {"zip", "unzip -p", NULL},
};

/* Sources: RFC 1952 section 2.3.1, RFC 8878 section 3.1, the xz file format 1.2 section 2.1.1.1,
 * lz4_Frame_format.md; file(1) has the others. */
static const struct magic {
    uint8_t len, p[GAD_PACKED_MAGIC_MAX];
    enum gad_packed kind;
} magics[] = {
    {2, {0x1f, 0x8b}, GAD_PACKED_GZIP},
    {4, {0x28, 0xb5, 0x2f, 0xfd}, GAD_PACKED_ZSTD},
    {6, {0xfd, '7', 'z', 'X', 'Z', 0}, GAD_PACKED_XZ},
    {3, {'B', 'Z', 'h'}, GAD_PACKED_BZIP2},
    {4, {0x04, 0x22, 0x4d, 0x18}, GAD_PACKED_LZ4},
    {4, {0x02, 0x21, 0x4c, 0x18}, GAD_PACKED_LZ4}, /* its legacy format */
    {4, {'L', 'Z', 'I', 'P'}, GAD_PACKED_LZIP},
    {2, {0x1f, 0x9d}, GAD_PACKED_COMPRESS},
    {4, {'P', 'K', 3, 4}, GAD_PACKED_ZIP},
};

/* A skippable frame, 50 to 5f, 2a 4d 18. pzstd begins with one; lz4 has them too. */
static bool is_skippable(const uint8_t *p, size_t n)
{
    static const uint8_t rest[] = {0x2a, 0x4d, 0x18};

    return n > 0 && (p[0] & 0xf0) == 0x50 && memcmp(p + 1, rest, n - 1) == 0;
}

int gad_packed_kind(const void *p, size_t len, enum gad_packed *ret)
{
    bool begins = is_skippable(p, len < 4 ? len : 4);

    if (begins && len >= 4) {
        *ret = GAD_PACKED_ZSTD;
        return 0;
    }
    for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
        const struct magic *m = &magics[i];
        size_t n = len < m->len ? len : m->len;
        if (n > 0 && memcmp(p, m->p, n) != 0)
            continue;
        if (n == m->len) {
            *ret = m->kind;
            return 0;
        }
        begins = true;
    }
    if (begins)
        return GAD_MORE;
    *ret = GAD_PACKED_NONE;
    return 0;
}

const char *gad_packed_name(enum gad_packed k)
{
    return kinds[k].name;
}

const char *gad_packed_command(enum gad_packed k)
{
    return kinds[k].command;
}

int gad_unpack_new(enum gad_packed k, struct gad_unpack **ret)
{
    const struct gad_unpack_ops *ops = kinds[k].ops;

    if (!ops)
        return GAD_EUNKNOWN;
    struct gad_unpack *u = gad_calloc(1, sizeof(*u) + ops->state_len);
    if (!u)
        return GAD_ENOMEM;
    u->ops = ops;
    int r = ops->begin(u->state);
    if (r != 0) {
        gad_unpack_free(u);
        return r;
    }
    *ret = u;
    return 0;
}

void gad_unpack_free(struct gad_unpack *u)
{
    if (u)
        u->ops->end(u->state);
    gad_free(u);
}

int gad_unpack_step(struct gad_unpack *u, struct gad_unpack_io *io)
{
    return u->ops->step(u->state, io);
}

int gad_unpack_next(struct gad_unpack *u)
{
    return u->ops->begin(u->state);
}
