/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Internal to stream.c, view.c and stream_memory.c. */

#include "lib/flow/flow.h"
#include "lib/flow/held.h"
#include "lib/flow/stream.h"

/* One of the possible contents of a connection, and its inspection. */
struct gad_view {
    struct gad_view *later; /* sees later copies; NULL: the last one */
    uint64_t next[2];       /* offset of the next byte */
    struct gad_held held[2];
    uint8_t *packed; /* the inspector; NULL: it has ended, or was evicted */
    uint32_t packed_len, packed_room;
    struct gad_content content; /* until now, or its result */
    bool skip[2];               /* the inspector needs no bytes of that way now */
    bool is_final;              /* nor ever again, of both */
};

enum { GAD_STREAM_RECENT = 32 };

struct gad_stream {
    struct gad_stream *older, *newer; /* in its list */
    struct gad_flow *flow;
    int64_t touched;            /* time of its last progress, as far as its list knows */
    struct gad_view first;      /* sees the first copies */
    struct gad_content content; /* of views that were dropped, and before an eviction */
    uint64_t bytes, left;       /* payload to inspect: in all, and now */
    int64_t filled;             /* time at which left was last raised */
    size_t cost;                /* bytes of memory that are counted */
    enum gad_app app;
    uint8_t list, n_views;
    bool is_live;  /* in a list of live streams */
    bool was_cut;  /* counted */
    bool evicted;  /* its inspector was; it begins another with the next bytes */
    bool waiting;  /* the last view stays behind, for copies of what the first one has passed on */
    bool progress; /* bytes were passed on since the last touch */
    uint8_t n_recent[2];
    uint8_t recent[2][GAD_STREAM_RECENT]; /* the bytes before first.next */
};

/* Brings the counts of memory up to date. */
void gad_stream_account(struct gad_stream *s, struct gad_stream_memory *m);

void gad_stream_link(struct gad_stream *s, struct gad_stream_memory *m, bool is_live);
void gad_stream_unlink(struct gad_stream *s, struct gad_stream_memory *m);

/* Moves a stream with progress to the newest end of its list. */
void gad_stream_touch(struct gad_stream *s, struct gad_stream_memory *m);

/* Evicts others until `need` bytes are free; false: fewer are. */
bool gad_stream_make_room(struct gad_stream_memory *m, const struct gad_stream *except,
                          size_t need);

/* Ends all inspection of a stream and keeps the result. */
void gad_stream_stop(struct gad_stream *s, struct gad_stream_memory *m);

/* The only inspector works for a view between these two. After close the view can have ended. */
struct gad_inspect *gad_view_open(struct gad_view *v, struct gad_stream_memory *m);
void gad_view_close(struct gad_stream *s, struct gad_stream_memory *m, struct gad_view *v);

/* Passes on a segment that begins at the next byte, or behind a hole. The view is open. */
void gad_view_pass(struct gad_stream *s, struct gad_stream_memory *m, struct gad_view *v, int way,
                   const struct gad_segment *g);

/* Passes on held bytes that are next, up to the offset `bound`, and holes before held bytes at
 * `holes` or before. */
void gad_view_run(struct gad_stream *s, struct gad_stream_memory *m, struct gad_view *v, int way,
                  uint64_t bound, uint64_t holes);

/* Adds a view after the last one; with_held: with copies of its segments of both ways, else only
 * those of the responder. NULL: no memory, or too many views. */
struct gad_view *gad_view_fork(struct gad_stream *s, struct gad_stream_memory *m, bool with_held);

struct gad_view *gad_view_last(struct gad_stream *s);

/* Frees what the view holds and its memory, unless it is the first one, which stays empty. */
void gad_view_drop(struct gad_stream *s, struct gad_stream_memory *m, struct gad_view *v);

/* Each feature becomes the greater one. */
void gad_content_max(struct gad_content *c, const struct gad_content *d);
