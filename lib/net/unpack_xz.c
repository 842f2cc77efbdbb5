/* SPDX-License-Identifier: Apache-2.0 */
/* xz by liblzma. */
#include <lzma.h>

#include "lib/net/unpack_parts.h"

struct state {
    lzma_stream z;
    lzma_allocator heap;
};

/* liblzma's interface: zero bytes can be asked for. */
static void *heap_alloc(void *arg, size_t n, size_t size)
{
    (void)arg;
    return gad_calloc(n, size > 0 ? size : 1);
}

static void heap_free(void *arg, void *p)
{
    (void)arg;
    gad_free(p);
}

static int begin(void *state)
{
    struct state *s = state;

    s->heap = (lzma_allocator){.alloc = heap_alloc, .free = heap_free};
    s->z.allocator = &s->heap;
    return lzma_stream_decoder(&s->z, GAD_UNPACK_MEMORY_MAX, 0) == LZMA_OK ? 0 : GAD_ENOMEM;
}

static int step(void *state, struct gad_unpack_io *io)
{
    struct state *s = state;

    s->z.next_in = io->in;
    s->z.avail_in = io->in_len;
    s->z.next_out = io->out;
    s->z.avail_out = io->out_len;
    lzma_ret r = lzma_code(&s->z, LZMA_RUN);
    io->in = s->z.next_in;
    io->in_len = s->z.avail_in;
    io->out = s->z.next_out;
    io->out_len = s->z.avail_out;
    switch (r) {
    case LZMA_OK:
    case LZMA_BUF_ERROR: /* no input, or no room */
        return GAD_MORE;
    case LZMA_STREAM_END:
        return GAD_END;
    case LZMA_MEM_ERROR:
        return GAD_ENOMEM;
    case LZMA_MEMLIMIT_ERROR:
        return GAD_ELIMIT;
    default:
        return GAD_EFORMAT;
    }
}

static void end(void *state)
{
    struct state *s = state;
    lzma_end(&s->z);
}

const struct gad_unpack_ops gad_unpack_xz = {sizeof(struct state), begin, step, end};
