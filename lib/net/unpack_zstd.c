/* SPDX-License-Identifier: Apache-2.0 */
/* zstd by libzstd, whose stable interface has no allocator of ours. */
#include <zstd.h>
#include <zstd_errors.h>

#include "lib/net/unpack_parts.h"

enum {
    WINDOW_LOG_MAX = 27, /* 128 MiB, the most that zstd itself unpacks without --long */
    HEADER_MIN = 5,      /* bytes from which libzstd knows how long the header of a frame is */
};

_Static_assert(1 << WINDOW_LOG_MAX < (int)GAD_UNPACK_MEMORY_MAX, "the window fits into the limit");

/*
 * libzstd discards the output of the call in which it finds an error. So each call gets only the
 * bytes that libzstd asked for, which are those of one block, or the checksum behind the last one.
 */
struct state {
    ZSTD_DStream *z;
    size_t wanted;
};

static int begin(void *state)
{
    struct state *s = state;

    if (!s->z)
        s->z = ZSTD_createDStream();
    if (!s->z || ZSTD_isError(ZSTD_DCtx_reset(s->z, ZSTD_reset_session_only)) ||
        ZSTD_isError(ZSTD_DCtx_setParameter(s->z, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
        return GAD_ENOMEM;
    s->wanted = HEADER_MIN;
    return 0;
}

static int error_of(size_t r)
{
    switch (ZSTD_getErrorCode(r)) {
    case ZSTD_error_frameParameter_windowTooLarge:
        return GAD_ELIMIT;
    case ZSTD_error_memory_allocation:
        return GAD_ENOMEM;
    default:
        return GAD_EFORMAT;
    }
}

static int step(void *state, struct gad_unpack_io *io)
{
    struct state *s = state;
    ZSTD_inBuffer in = {io->in, io->in_len < s->wanted ? io->in_len : s->wanted, 0};
    ZSTD_outBuffer out = {io->out, io->out_len, 0};

    size_t r = ZSTD_decompressStream(s->z, &out, &in);
    io->in += in.pos;
    io->in_len -= in.pos;
    io->out += out.pos;
    io->out_len -= out.pos;
    if (ZSTD_isError(r))
        return error_of(r);
    s->wanted = r;
    return r == 0 ? GAD_END : GAD_MORE;
}

static void end(void *state)
{
    struct state *s = state;
    (void)ZSTD_freeDStream(s->z); /* NULL is allowed */
}

const struct gad_unpack_ops gad_unpack_zstd = {sizeof(struct state), begin, step, end};
