/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Passes the bytes of a TCP connection to its inspector in order. Bytes in order are passed on at
 * once; early segments are held; repeated bytes are ignored: the first copy counts. A hole is
 * reported as a gap when the peer has acknowledged bytes behind it, because no sender repeats it
 * then, or when too much is held.
 *
 * Offsets count from the SYN, so the first payload byte is at 1. Ways are 0, from the originator,
 * and 1.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/inspect/inspect.h"

/* Shared by all streams of a table. */
struct gad_stream_memory {
    size_t max, used; /* bytes */
    uint64_t gaps, gap_bytes;
    uint64_t cut; /* streams longer than the inspection limit */
};

enum {
    GAD_STREAM_HELD_MAX = 32768,     /* bytes of one stream, with their bookkeeping */
    GAD_STREAM_AHEAD_MAX = 16 << 20, /* segments farther ahead do not belong to this connection */
};

struct gad_stream;

/* Returns NULL without memory, by the limit or in the system. @bytes: payload to inspect. */
struct gad_stream *gad_stream_new(struct gad_stream_memory *m, enum gad_app app, uint64_t bytes);
void gad_stream_free(struct gad_stream *s, struct gad_stream_memory *m);

/**
 * gad_stream_data() - adds one segment
 * @offset: of its first byte
 * @data:   (data_len) bytes, the captured ones of len
 * @acked:  offset up to which the receiver has acknowledged this way
 */
void gad_stream_data(struct gad_stream *s, struct gad_stream_memory *m, int way, int64_t offset,
                     const uint8_t *data, uint32_t data_len, uint32_t len, uint64_t acked);

/* The receiver of this way has acknowledged all bytes before an offset. */
void gad_stream_acked(struct gad_stream *s, struct gad_stream_memory *m, int way, uint64_t acked);

/* Ends the stream: held bytes are passed to the inspector, holes as gaps. */
void gad_stream_finish(struct gad_stream *s, struct gad_stream_memory *m);

/* gad_inspect_take_endpoint() */
bool gad_stream_take_endpoint(struct gad_stream *s, struct gad_ftp_endpoint *ret);

void gad_stream_result(const struct gad_stream *s, struct gad_content *ret);
