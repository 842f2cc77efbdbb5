/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Passes the bytes of a TCP connection to its inspector in order. A hole is reported as a gap when
 * the peer has acknowledged bytes behind it, because no sender repeats it then, or when too much is
 * held. Offsets count from the SYN, so the first payload byte is at 1. Ways are 0, from the
 * originator, and 1.
 *
 * Copies: who can send to the network can send two segments with the same numbers and other bytes,
 * of which the receiver drops one (for its checksum, or because its hop limit ends before). The
 * sensor cannot know which. So bytes of the originator wait for their acknowledgement. If a copy
 * differs meanwhile, the connection is ambiguous and has several views, each with an inspector: the
 * first sees the first copies, the last one the last copies, one between them the second copies.
 * Each feature is the greatest of the views. Bytes of the responder are passed on at once as long
 * as there is one view. A copy that comes after the acknowledgement changes nothing: a receiver
 * drops it.
 *
 * Length: `bytes` of payload are inspected, and as many again every GAD_STREAM_REFILL_NS. Beyond
 * that, of each segment only the newest GAD_STREAM_NEWEST bytes are inspected; the rest counts as
 * cut. Bytes that the inspector skips (gad_inspect_skips()) cost nothing.
 *
 * Memory: a new stream gets its memory from another one: from a source address that uses much, and
 * there from the stream without progress for the longest time. Streams whose inspection has ended
 * keep their result, and give it up first when they use more than half. Connections that lose
 * something get GAD_NOTE_BLIND.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/inspect/inspect.h"

struct gad_flow;
struct gad_stream;

enum {
    GAD_STREAM_HELD_MAX = 32768,     /* bytes that one view holds, with their bookkeeping */
    GAD_STREAM_AHEAD_MAX = 16 << 20, /* segments farther ahead do not belong to this connection */
    GAD_STREAM_VIEWS = 3,
    GAD_STREAM_NEWEST = 256, /* bytes */
    GAD_STREAM_LISTS = 32,   /* of source addresses */
};
#define GAD_STREAM_REFILL_NS INT64_C(10000000000)

/* In order of progress. */
struct gad_stream_list {
    struct gad_stream *oldest, *newest;
    size_t used; /* bytes of all its streams */
};

/* Shared by all streams of a table. Begins as zero, with max. */
struct gad_stream_memory {
    size_t max, used; /* bytes */
    int64_t now;      /* ns, never goes back; the caller sets it before each call */
    uint64_t gaps, gap_bytes;
    uint64_t cut, cut_bytes; /* streams longer than the inspection limit; bytes not inspected */
    uint64_t evicted;        /* inspections that lost their memory to another connection */
    uint64_t conflicts;      /* segments with other bytes than an earlier copy */
    uint64_t ambiguous;      /* streams with views for such copies */

    struct gad_inspect *work; /* the one inspector; streams are packed */
    size_t ended_used;
    struct gad_stream_list live[GAD_STREAM_LISTS], ended[GAD_STREAM_LISTS];
};

/* Call it after all streams are freed. */
void gad_stream_memory_deinit(struct gad_stream_memory *m);

/* Returns NULL without memory, by the limit or in the system. @bytes: payload to inspect. The
 * stream sets notes of the flow, and its pointer to NULL when it is evicted. */
struct gad_stream *gad_stream_new(struct gad_stream_memory *m, struct gad_flow *flow,
                                  enum gad_app app, uint64_t bytes);
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

/* The numbers of a way begin again at 1. */
void gad_stream_renumber(struct gad_stream *s, struct gad_stream_memory *m, int way);

/* Ends the stream: held bytes are passed to the inspector, holes as gaps. */
void gad_stream_finish(struct gad_stream *s, struct gad_stream_memory *m);

/* Returns the newest endpoint of an FTP session, see gad_inspect_take_endpoint(). */
bool gad_stream_take_endpoint(struct gad_stream *s, struct gad_stream_memory *m,
                              struct gad_ftp_endpoint *ret);

void gad_stream_result(const struct gad_stream *s, struct gad_content *ret);
