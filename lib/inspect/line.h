/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Splits the bytes of one direction into lines, in bounded memory. Of a longer line the first
 * GAD_INSPECT_LINE bytes are kept; the rest is skipped, and the kept part is inspected. Of a line
 * with a gap only its existence is known.
 *
 * Two kinds of line ends. Protocols: LF, with a CR before it dropped; found by memchr(). Terminals,
 * byte by byte: CR, LF, CR LF and CR NUL, whatever the division into segments.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/inspect/match.h"

enum { GAD_INSPECT_LINE = 400 };

struct gad_inspect_line {
    uint16_t len;    /* bytes kept so far */
    bool lost;       /* the line contains a gap */
    bool cr;         /* terminals: a CR ended the line, its LF or NUL is still expected */
    bool cut;        /* the line is longer than the kept part */
    bool taken;      /* the line was returned: the next byte begins another */
    bool has_binary; /* a NUL is among the bytes kept */
    uint8_t buf[GAD_INSPECT_LINE];
};

/**
 * gad_inspect_line_next() - reads bytes up to the end of a line, LF
 * @p, @len: advanced over the bytes read
 * @ret:     valid until the next call and while *p is; can point into the caller's bytes
 * Return: whether a line is complete. False only if all bytes were read.
 */
bool gad_inspect_line_next(struct gad_inspect_line *l, const uint8_t **p, size_t *len,
                           struct gad_span *ret);

/* Takes a byte that was typed or shown in a terminal. True: it ended the line, which is in l until
 * the next call. */
bool gad_inspect_line_typed(struct gad_inspect_line *l, uint8_t b);

void gad_inspect_line_gap(struct gad_inspect_line *l);

static inline struct gad_span gad_inspect_line_span(const struct gad_inspect_line *l)
{
    return (struct gad_span){.p = (const char *)l->buf, .len = l->len};
}
