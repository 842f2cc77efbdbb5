/* SPDX-License-Identifier: Apache-2.0 */
/* bzip2 by libbz2; a block needs 4 MB at most. */
#include <bzlib.h>
#include <stdbool.h>

#include "lib/net/unpack_parts.h"

struct state {
    bz_stream z;
    bool has_begun;
};

static void *heap_alloc(void *arg, int n, int size)
{
    (void)arg;
    return n > 0 && size > 0 ? gad_calloc((size_t)n, (size_t)size) : NULL;
}

static void heap_free(void *arg, void *p)
{
    (void)arg;
    gad_free(p);
}

static void end(void *state)
{
    struct state *s = state;

    if (s->has_begun)
        (void)BZ2_bzDecompressEnd(&s->z);
    s->has_begun = false;
}

static int begin(void *state)
{
    struct state *s = state;

    end(state);
    s->z = (bz_stream){.bzalloc = heap_alloc, .bzfree = heap_free};
    s->has_begun = BZ2_bzDecompressInit(&s->z, 0, 0) == BZ_OK;
    return s->has_begun ? 0 : GAD_ENOMEM;
}

static int step(void *state, struct gad_unpack_io *io)
{
    struct state *s = state;

    s->z.next_in = (char *)(uintptr_t)io->in; /* libbz2's type has no const */
    s->z.avail_in = (unsigned)io->in_len;
    s->z.next_out = (char *)io->out;
    s->z.avail_out = (unsigned)io->out_len;
    int r = BZ2_bzDecompress(&s->z);
    io->in += io->in_len - s->z.avail_in;
    io->in_len = s->z.avail_in;
    io->out += io->out_len - s->z.avail_out;
    io->out_len = s->z.avail_out;
    if (r == BZ_OK)
        return GAD_MORE;
    if (r == BZ_STREAM_END)
        return GAD_END;
    return r == BZ_MEM_ERROR ? GAD_ENOMEM : GAD_EFORMAT;
}

const struct gad_unpack_ops gad_unpack_bzip2 = {sizeof(struct state), begin, step, end};
