/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Lines out of the bytes of one direction, in bounded memory. Of a longer line the first GAD_INSPECT_LINE bytes
 * are kept, the rest is skipped, and the line is judged by what was kept. A line into which a gap fell is known
 * to have been there, but not what it said.
 *
 * Two kinds of ends. Protocols: LF, a CR before it dropped; found by memchr(). Terminals, byte by byte: CR, LF,
 * CR LF and CR NUL, whatever the cutting into segments.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/inspect/match.h"

enum { GAD_INSPECT_LINE = 400 };

struct gad_inspect_line {
    uint16_t len;    /* bytes kept so far */
    bool lost;       /* a gap fell into the line */
    bool cr;         /* terminals: a CR ended the line, its LF or NUL is still to come */
    bool cut;        /* the line is longer than what is kept */
    bool taken;      /* the line was given out: the next byte begins another */
    bool has_binary; /* a NUL is among the bytes kept */
    uint8_t buf[GAD_INSPECT_LINE];
};

/**
 * gad_inspect_line_next() - takes bytes up to the end of a line, LF
 * @p, @len: moved over what was taken
 * @ret:     valid until the next call and while *p is; may lie in the caller's bytes
 * Return: whether a line was completed. False only if all bytes were taken.
 */
bool gad_inspect_line_next(struct gad_inspect_line *l, const uint8_t **p, size_t *len,
                           struct gad_span *ret);

/* A byte of a terminal, of what was typed or shown. True: it ended the line, which is in l until the next call. */
bool gad_inspect_line_typed(struct gad_inspect_line *l, uint8_t b);

void gad_inspect_line_gap(struct gad_inspect_line *l);

static inline struct gad_span gad_inspect_line_span(const struct gad_inspect_line *l)
{
    return (struct gad_span){.p = (const char *)l->buf, .len = l->len};
}
