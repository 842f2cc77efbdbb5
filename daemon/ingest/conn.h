/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A framed connection: bytes in, frames to its owner, bytes out, all within limits. It is read in
 * pieces of up to 256 KiB by plain events; libevent's bufferevents read 4 KiB at a time.
 *
 *   OPEN       reads and writes
 *   DRAINING   reads no more: the peer closed its side, or the connection failed. Sends the
 *              answers that the owner still owes, then the error if there is one
 *   LINGERING  everything is sent and our side is closed. Incoming bytes are discarded for a
 *              moment: if the socket was closed with unread bytes, the kernel would discard our
 *              last answer
 *   CLOSED     the descriptor is closed. Callers further up the stack still use the struct, so
 *              its owner frees it from a separate event
 *
 * Three timeouts apply. A frame has to be complete frame_timeout after its first byte. A peer that
 * takes no bytes for idle_timeout is disconnected. So is a peer that sends nothing for idle_timeout
 * while it is owed no answer.
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
struct tls_stream;
struct watch;
struct event_base;

enum conn_state { CONN_OPEN, CONN_DRAINING, CONN_LINGERING, CONN_CLOSED };

enum { CONN_READ_MAX = 256 << 10 };

/* Shared by all connections of one kind. */
struct conn_kind {
    const char *token; /* in log lines */
    struct event_base *base;
    gad_frame_cap_fn *cap; /* is called with the conn as argument */
    size_t frame_max;      /* the largest value that cap returns */
    size_t out_pause;      /* unsent bytes at which no further frame is taken */
    size_t out_max;        /* unsent bytes at which the connection is closed */
    struct gad_time idle_timeout, frame_timeout;
    uint8_t *scratch;                                                /* (CONN_READ_MAX) */
    uint64_t *bytes_in, *bytes_out, *frames_bad, *timed_out, *waits; /* counters */

    /* Whether a frame may be taken now. If not, the owner calls conn_kick() when that changes. */
    bool (*ready)(struct conn *c);
    /* Takes a complete frame; may call conn_fail() and conn_send(). */
    void (*frame)(struct conn *c, const struct gad_frame *f);
    /* Whether the owner owes answers. It calls conn_send() after the last one. */
    bool (*owes)(const struct conn *c);
    /* The connection is CLOSED; must not free it. */
    void (*closed)(struct conn *c);
};

enum { CONN_PEER_TEXT = 96 };

struct conn {
    const struct conn_kind *kind;
    uint64_t n_in, n_out, n_frames; /* bytes, bytes, received frames */
    struct gad_time opened;         /* monotonic */
    enum conn_state state;
    int fd;
    struct tls_stream *tls; /* owned; NULL: not encrypted */
    bool paused;            /* complete frames can be waiting in `in`; the socket is not read */
    bool no_idle;           /* has no idle timeout: it only listens */
    struct watch *reader, *writer, *timer;
    /* received bytes that are not consumed yet: at most one frame, or one read */
    struct gad_buf in;
    size_t missing;     /* bytes of the incomplete frame that are missing, as far as known */
    struct gad_buf out; /* unsent bytes */
    struct gad_time last_in, last_out; /* monotonic: when bytes last moved */
    /* monotonic: arrival of the first byte of the incomplete frame; 0: none */
    struct gad_time frame_start;
    struct gad_time linger_end;
    int error_code; /* of the ErrorReply that ends the connection; 0: none */
    uint64_t error_id;
    char error_text[256];
};

/* Describes the peer: "pid 7, uid 1000, gid 1000" or "192.0.2.1:40000". Returns @text. */
const char *conn_peer(int fd, char text[static CONN_PEER_TEXT]);

/*
 * @fd: non-blocking; @tls: after its handshake, or NULL. The connection owns both on success.
 */
int conn_open(struct conn *c, const struct conn_kind *kind, int fd,
              struct tls_stream *tls) GAD_MUST_CHECK;

/*
 * To be called after frames were appended to c->out: sends as much as the peer takes now. May take
 * frames that waited for that.
 */
void conn_send(struct conn *c);

/*
 * Takes no more frames. Sends the error after the answers that are owed, then closes the
 * connection.
 */
void conn_fail(struct conn *c, uint64_t id, int code, const char *text);

/* To be called when something changed that ready() depends on. */
void conn_kick(struct conn *c);

/* Closes at once, without an error reply; calls closed() if it was not CLOSED. */
void conn_close(struct conn *c);
