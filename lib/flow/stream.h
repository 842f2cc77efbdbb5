/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The bytes of a TCP connection in order, to its inspector. What comes in order goes straight through, what comes
 * too early is held, what comes twice is passed over: the first copy counts. A hole is told as a gap once the
 * peer acknowledged what lies behind it, so nobody will send it again, or when too much is held.
 *
 * Offsets count from the SYN, so the first payload byte is at 1; ways are 0, from the originator, and 1.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/inspect/inspect.h"

/* What all streams of a table share. */
struct gad_stream_memory {
    size_t max, used; /* bytes */
    uint64_t gaps, gap_bytes;
    uint64_t cut; /* streams that were longer than what is looked at */
};

enum {
    GAD_STREAM_HELD_MAX = 32768,     /* bytes of one stream, with their bookkeeping */
    GAD_STREAM_AHEAD_MAX = 16 << 20, /* a segment farther off than that is not of this connection */
};

struct gad_stream;

/* NULL: no memory, by the budget or by the system. @bytes: payload that is looked at. */
struct gad_stream *gad_stream_new(struct gad_stream_memory *m, enum gad_app app, uint64_t bytes);
void gad_stream_free(struct gad_stream *s, struct gad_stream_memory *m);

/**
 * gad_stream_data() - one segment
 * @offset: of its first byte
 * @data:   (data_len) bytes, the captured ones of len
 * @acked:  offset up to which the receiver has acknowledged this way
 */
void gad_stream_data(struct gad_stream *s, struct gad_stream_memory *m, int way, int64_t offset,
                     const uint8_t *data, uint32_t data_len, uint32_t len, uint64_t acked);

/* The receiver of this way has acknowledged all before an offset. */
void gad_stream_acked(struct gad_stream *s, struct gad_stream_memory *m, int way, uint64_t acked);

/* No more will come: what is held goes to the inspector, holes as gaps. */
void gad_stream_finish(struct gad_stream *s, struct gad_stream_memory *m);

void gad_stream_result(const struct gad_stream *s, struct gad_content *ret);
