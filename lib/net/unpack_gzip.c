/* SPDX-License-Identifier: Apache-2.0 */
/* gzip by zlib; zlib checks the sum and the length of each member. */
#include <stdbool.h>

#include "lib/base/z_mem.h"
#include "lib/net/unpack_parts.h"

enum { GZIP_WINDOW = 15 + 16 }; /* the largest window; gzip header and trailer, nothing else */

struct state {
    z_stream z;
    bool has_begun;
};

static int begin(void *state)
{
    struct state *s = state;

    if (!s->has_begun) {
        s->z = GAD_Z_STREAM;
        s->has_begun = inflateInit2(&s->z, GZIP_WINDOW) == Z_OK;
        return s->has_begun ? 0 : GAD_ENOMEM;
    }
    return inflateReset(&s->z) == Z_OK ? 0 : GAD_ENOMEM;
}

static int step(void *state, struct gad_unpack_io *io)
{
    struct state *s = state;

    s->z.next_in = (Bytef *)(uintptr_t)io->in; /* zlib's type has no const */
    s->z.avail_in = (uInt)io->in_len;
    s->z.next_out = io->out;
    s->z.avail_out = (uInt)io->out_len;
    int r = inflate(&s->z, Z_SYNC_FLUSH);
    io->in = s->z.next_in;
    io->in_len = s->z.avail_in;
    io->out = s->z.next_out;
    io->out_len = s->z.avail_out;
    if (r == Z_STREAM_END)
        return GAD_END;
    if (r == Z_OK || r == Z_BUF_ERROR) /* the latter: no input, or no room */
        return GAD_MORE;
    return r == Z_MEM_ERROR ? GAD_ENOMEM : GAD_EFORMAT;
}

static void end(void *state)
{
    struct state *s = state;

    if (s->has_begun)
        (void)inflateEnd(&s->z);
}

const struct gad_unpack_ops gad_unpack_gzip = {sizeof(struct state), begin, step, end};
