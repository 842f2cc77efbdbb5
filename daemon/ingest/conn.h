/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A framed connection: bytes in, frames to its owner, bytes out, within limits. It is read in pieces of up
 * to 256 KiB by plain events and not by bufferevents, which read 4 KiB at a time.
 *
 *   OPEN       reads and writes
 *   DRAINING   reads no more: the peer closed its side, or was told off. The answers that its owner still
 *              owes are sent, then the error if there is one
 *   LINGERING  all is sent and our side closed; what still comes is thrown away for a moment, because
 *              closing on unread bytes would make the kernel throw away our last answer
 *   CLOSED     the descriptor is gone. Callers further up the stack still look at the struct: its owner frees
 *              it from an event of its own
 *
 * Three timers: a frame must be whole frame_timeout after its first byte; a peer that takes nothing of what
 * we send for idle_timeout is cut; so is one that sends nothing while nobody owes it anything.
 *
 * Thread: main.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/time.h"
#include "lib/wire/frame.h"

struct conn;
struct watch;
struct event_base;

enum conn_state { CONN_OPEN, CONN_DRAINING, CONN_LINGERING, CONN_CLOSED };

enum { CONN_READ_MAX = 256 << 10 };

/* Shared by all connections of one kind. */
struct conn_kind {
    const char *token; /* in the log */
    struct event_base *base;
    gad_frame_cap_fn *cap; /* asked with the conn */
    size_t frame_max;      /* the largest that cap ever says */
    size_t out_pause;      /* bytes waiting to be sent at which no further frame is taken */
    size_t out_max;        /* at which the connection is given up */
    struct gad_time idle_timeout, frame_timeout;
    uint8_t *scratch;                                                /* (CONN_READ_MAX) */
    uint64_t *bytes_in, *bytes_out, *frames_bad, *timed_out, *waits; /* counters */

    /* May a frame be taken now? If not, the owner calls conn_kick() when that changes. */
    bool (*ready)(struct conn *c);
    /* Takes a whole frame; may call conn_fail() and conn_send(). */
    void (*frame)(struct conn *c, const struct gad_frame *f);
    /* Does the owner owe answers? It calls conn_settle() when that ends. */
    bool (*owes)(const struct conn *c);
    /* The connection is CLOSED; not the place to free it. */
    void (*closed)(struct conn *c);
};

enum { CONN_PEER_TEXT = 96 };

struct conn {
    const struct conn_kind *kind;
    uint64_t n_in, n_out, n_frames; /* bytes, bytes, frames that came */
    struct gad_time opened;         /* monotonic */
    enum conn_state state;
    int fd;
    bool paused;  /* complete frames may be waiting in `in`; the socket is not read */
    bool no_idle; /* never idle: it is there to listen */
    struct watch *reader, *writer, *timer;
    struct gad_buf in;  /* what was read but not taken yet: at most one frame, or one read */
    size_t missing;     /* of the frame that is half here, as far as it is known */
    struct gad_buf out; /* what is to be sent */
    struct gad_time last_in, last_out; /* monotonic: when bytes moved */
    struct gad_time
        frame_start; /* when the first byte of the frame that is half here came; 0: none */
    struct gad_time linger_end;
    int error_code; /* of the ErrorReply that ends the connection; 0: none */
    uint64_t error_id;
    char error_text[256];
};

/* Who is at the other end: "pid 7, uid 1000, gid 1000" or "192.0.2.1:40000". Returns @text. */
const char *conn_peer(int fd, char text[static CONN_PEER_TEXT]);

/* @fd: non-blocking, owned on success. */
int conn_open(struct conn *c, const struct conn_kind *kind, int fd) GAD_MUST_CHECK;

/* Appended frames to c->out: sends as much as the peer takes now; may take frames that waited for that. */
void conn_send(struct conn *c);

/* Takes no more frames; the error goes out behind the answers that are owed, then the connection ends. */
void conn_fail(struct conn *c, uint64_t id, int code, const char *text);

/* Something that ready() depends on changed. */
void conn_kick(struct conn *c);

/* Something that owes() depends on changed. */
void conn_settle(struct conn *c);

/* At once, without a word; calls closed() if it was not CLOSED. */
void conn_close(struct conn *c);
