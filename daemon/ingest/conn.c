/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/ingest/conn.h"

#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/ingest/reply.h"
#include "daemon/ingest/tls_stream.h"
#include "daemon/log.h"
#include "daemon/watch.h"
#include "lib/base/mem.h"
#include "proto/ganad.pb-c.h"

enum {
    OUT_KEPT = 64 << 10, /* larger empty buffers are freed */
    LINGER_SECONDS = 2,
};

static const int64_t second = 1000000000;

static bool is_live(const struct conn *c)
{
    return c->state != CONN_CLOSED;
}

const char *conn_peer(int fd, char text[static CONN_PEER_TEXT])
{
    struct sockaddr_storage sa = {0};
    socklen_t len = sizeof(sa);
    struct ucred peer = {0};
    socklen_t peer_len = sizeof(peer);
    char host[64], port[8]; /* numeric: INET6_ADDRSTRLEN and a scope */

    (void)snprintf(text, CONN_PEER_TEXT, "unknown");
    if (getpeername(fd, (struct sockaddr *)&sa, &len) != 0)
        return text;
    if (sa.ss_family == AF_UNIX) {
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_len) == 0)
            (void)snprintf(text, CONN_PEER_TEXT, "pid %d, uid %u, gid %u", (int)peer.pid,
                           (unsigned)peer.uid, (unsigned)peer.gid);
    } else if (getnameinfo((struct sockaddr *)&sa, len, host, sizeof(host), port, sizeof(port),
                           NI_NUMERICHOST | NI_NUMERICSERV) == 0) {
        (void)snprintf(text, CONN_PEER_TEXT, "%s%s%s:%s", sa.ss_family == AF_INET6 ? "[" : "", host,
                       sa.ss_family == AF_INET6 ? "]" : "", port);
    }
    return text;
}

static void log_opened(const struct conn *c)
{
    char who[CONN_PEER_TEXT];

    if (log_is_on(LOG_LEVEL_DEBUG))
        log_debug(c->kind->token, "client %d opened: %s", c->fd, conn_peer(c->fd, who));
}

static void log_closed(const struct conn *c)
{
    char who[CONN_PEER_TEXT];

    if (log_is_on(LOG_LEVEL_DEBUG))
        log_debug(c->kind->token,
                  "client %d closed: %s, %llu frames, %llu bytes in, %llu bytes out, %.3f s", c->fd,
                  conn_peer(c->fd, who), (unsigned long long)c->n_frames,
                  (unsigned long long)c->n_in, (unsigned long long)c->n_out,
                  gad_time_seconds(gad_time_sub(gad_time_monotonic(), c->opened)));
}

void conn_close(struct conn *c)
{
    if (!is_live(c))
        return;
    log_closed(c);
    c->state = CONN_CLOSED;
    watch_free(c->reader);
    watch_free(c->writer);
    watch_free(c->timer);
    tls_stream_free(c->tls);
    c->tls = NULL;
    (void)close(c->fd);
    c->fd = -1;
    gad_buf_deinit(&c->in);
    gad_buf_deinit(&c->out);
    c->kind->closed(c);
}

/* --- timers --- */

/* The earliest deadline that applies now. */
static struct gad_time deadline(const struct conn *c)
{
    const struct conn_kind *k = c->kind;
    int64_t at = INT64_MAX;

    if (c->state == CONN_LINGERING)
        return c->linger_end;
    if (gad_buf_left(&c->out) > 0)
        at = c->last_out.ns + k->idle_timeout.ns;
    else if (!c->no_idle && !k->owes(c) && !c->paused)
        at = (c->last_in.ns > c->last_out.ns ? c->last_in.ns : c->last_out.ns) + k->idle_timeout.ns;
    if (c->state == CONN_OPEN && !c->paused && c->frame_start.ns != 0 &&
        c->frame_start.ns + k->frame_timeout.ns < at)
        at = c->frame_start.ns + k->frame_timeout.ns;
    return (struct gad_time){at};
}

/*
 * The timer is not moved with every byte: when it expires, it checks whether the deadline has
 * moved.
 */
static void set_timer(struct conn *c, struct gad_time now)
{
    int64_t wait = deadline(c).ns - now.ns;

    if (wait > c->kind->idle_timeout.ns)
        wait = c->kind->idle_timeout.ns; /* the next idle period may start meanwhile */
    if (wait < second / 1000)
        wait = second / 1000;
    watch_after(c->timer, (struct gad_time){wait});
}

static void timer_event(void *arg)
{
    struct conn *c = arg;
    struct gad_time now = gad_time_monotonic();

    if (deadline(c).ns > now.ns) {
        set_timer(c, now);
        return;
    }
    if (c->state != CONN_OPEN || gad_buf_left(&c->out) > 0) {
        if (c->state != CONN_LINGERING)
            ++*c->kind->timed_out;
        conn_close(c);
        return;
    }
    ++*c->kind->timed_out;
    bool half = c->frame_start.ns != 0;
    c->last_out = now; /* the peer gets idle_timeout to take the error */
    set_timer(c, now);
    conn_fail(c, 0, GANAD__V1__ERROR_REPLY__CODE__TIMEOUT,
              half ? "the frame was not complete in time" : "no data arrived within idle_timeout");
}

/* --- writing --- */

/* Everything is sent: waits a moment, so that the last answer reaches the peer. */
static void linger(struct conn *c)
{
    struct gad_time now = gad_time_monotonic();

    c->state = CONN_LINGERING;
    c->linger_end = (struct gad_time){now.ns + LINGER_SECONDS * second};
    if (c->tls)
        tls_stream_end(c->tls);
    (void)shutdown(c->fd, SHUT_WR);
    watch_start(c->reader);
    set_timer(c, now);
}

/* Continues a connection that is draining, once the owner owes no more answers. */
static void settle(struct conn *c)
{
    if (c->state != CONN_DRAINING || c->kind->owes(c))
        return;
    if (c->error_code != 0) {
        int r = reply_error(c->error_id, c->error_code, c->error_text, &c->out);
        c->error_code = 0;
        if (r != 0) {
            conn_close(c);
            return;
        }
        conn_send(c);
        return;
    }
    if (gad_buf_left(&c->out) == 0)
        linger(c);
}

static ssize_t send_to(struct conn *c, const uint8_t *p, size_t len)
{
    return c->tls ? tls_stream_write(c->tls, p, len) : send(c->fd, p, len, MSG_NOSIGNAL);
}

/* Returns false if the connection broke. */
static bool write_some(struct conn *c)
{
    while (gad_buf_left(&c->out) > 0) {
        ssize_t n = send_to(c, c->out.p + c->out.pos, gad_buf_left(&c->out));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN;
        gad_buf_consume(&c->out, (size_t)n);
        *c->kind->bytes_out += (uint64_t)n;
        c->n_out += (uint64_t)n;
        c->last_out = gad_time_monotonic();
    }
    if (c->out.cap > OUT_KEPT)
        gad_buf_deinit(&c->out);
    return true;
}

void conn_send(struct conn *c)
{
    if (!is_live(c) || c->state == CONN_LINGERING)
        return;
    if (c->out.bad || !write_some(c)) {
        conn_close(c);
        return;
    }
    if (gad_buf_left(&c->out) > 0 && !watch_is_on(c->writer)) {
        watch_start(c->writer);
        set_timer(c, gad_time_monotonic());
    }
    settle(c);
    conn_kick(c); /* reading may have paused because of unsent answers */
}

static void write_event(void *arg)
{
    struct conn *c = arg;

    if (c->tls && c->state == CONN_OPEN && !c->paused && tls_stream_wants_write(c->tls))
        watch_soon(c->reader); /* TLS has to answer before it reads on */
    conn_send(c);
}

/* --- failing --- */

void conn_fail(struct conn *c, uint64_t id, int code, const char *text)
{
    if (c->state != CONN_OPEN)
        return;
    c->state = CONN_DRAINING;
    c->error_code = code;
    c->error_id = id;
    (void)snprintf(c->error_text, sizeof(c->error_text), "%s", text);
    c->frame_start.ns = 0;
    watch_stop(c->reader);
    gad_buf_deinit(&c->in);
    settle(c);
}

/* --- reading --- */

enum {
    READS_PER_EVENT = 4, /* then other events run */
    IN_KEPT = 16 << 10,  /* bytes; larger empty buffers are freed */
};

static void bad_frame(struct conn *c, int err, const struct gad_frame *f)
{
    char text[128];

    ++*c->kind->frames_bad;
    if (err == GAD_EFORMAT)
        (void)snprintf(text, sizeof(text), "a frame of length 0");
    else if (err == GAD_EUNKNOWN)
        (void)snprintf(text, sizeof(text), "kind %u is not taken here", f->kind);
    else
        (void)snprintf(text, sizeof(text), "a message of %zu bytes, the limit for kind %u is %zu",
                       f->len, f->kind, c->kind->cap(f->kind, c));
    conn_fail(c, 0, GANAD__V1__ERROR_REPLY__CODE__BAD_FRAME, text);
}

static bool may_take(struct conn *c)
{
    return gad_buf_left(&c->out) < c->kind->out_pause && c->kind->ready(c);
}

static void pause_reading(struct conn *c)
{
    c->paused = true;
    ++*c->kind->waits;
    watch_stop(c->reader);
}

/*
 * Passes complete frames to the owner; returns the number of bytes consumed. May pause, fail or
 * close the connection.
 */
static size_t take_frames(struct conn *c, const uint8_t *p, size_t len)
{
    size_t at = 0;

    while (c->state == CONN_OPEN && at < len) {
        struct gad_frame f;
        size_t used;
        int r = gad_frame_next(p + at, len - at, c->kind->cap, c, &f, &used);
        if (r == GAD_MORE) {
            c->missing = f.kind != 0 ? GAD_FRAME_HEAD + f.len - (len - at) : GAD_FRAME_HEAD;
            break;
        }
        if (r < 0) {
            bad_frame(c, r, &f);
            break;
        }
        if (!may_take(c)) {
            pause_reading(c);
            break;
        }
        at += used;
        c->frame_start.ns = 0;
        c->n_frames++;
        c->kind->frame(c, &f);
    }
    return at;
}

/* Called after a read: what is left is a part of a frame, or frames that have to wait. */
static void keep_rest(struct conn *c, struct gad_time now)
{
    if (c->state != CONN_OPEN)
        return;
    if (gad_buf_left(&c->in) == 0) {
        c->frame_start.ns = 0;
        if (c->in.cap > IN_KEPT)
            gad_buf_deinit(&c->in);
    } else if (!c->paused && c->frame_start.ns == 0) {
        c->frame_start = now;
        set_timer(c, now);
    }
}

static void take_buffered(struct conn *c)
{
    size_t used = take_frames(c, c->in.p + c->in.pos, gad_buf_left(&c->in));
    if (c->state == CONN_OPEN)
        gad_buf_consume(&c->in, used);
}

/* Takes frames from the scratch buffer, and copies only the rest. */
static void take_scratch(struct conn *c, size_t len)
{
    size_t used = take_frames(c, c->kind->scratch, len);

    if (c->state != CONN_OPEN || used == len)
        return;
    gad_buf_add(&c->in, c->kind->scratch + used, len - used);
    if (c->in.bad)
        conn_close(c);
}

static void ended(struct conn *c)
{
    if (gad_buf_left(&c->in) > 0) {
        ++*c->kind->frames_bad;
        conn_fail(c, 0, GANAD__V1__ERROR_REPLY__CODE__BAD_FRAME, "the stream ended inside a frame");
        return;
    }
    c->state = CONN_DRAINING;
    watch_stop(c->reader);
    settle(c);
}

/*
 * Reads once; returns false if there is nothing more to do now. After an incomplete frame only its
 * rest is read. So a slow client holds little more memory than it has sent, and all other bytes are
 * taken from the scratch buffer without a copy.
 */
static bool read_some(struct conn *c, struct gad_time now)
{
    bool direct = gad_buf_left(&c->in) > 0;
    size_t room = CONN_READ_MAX;
    uint8_t *to = c->kind->scratch;

    if (direct) {
        if (room > c->missing)
            room = c->missing;
        to = gad_buf_room(&c->in, room); /* fits: c->in.max holds the largest frame */
        if (!to) {
            log_warn(c->kind->token, "no memory to read from a client, closing the connection");
            conn_close(c);
            return false;
        }
    }
    ssize_t n = c->tls ? tls_stream_read(c->tls, to, room) : read(c->fd, to, room);
    if (n < 0) {
        if (errno != EAGAIN && errno != EINTR)
            conn_close(c);
        else if (c->tls && tls_stream_wants_write(c->tls))
            watch_start(c->writer);
        return false;
    }
    if (n == 0) {
        ended(c);
        return false;
    }
    *c->kind->bytes_in += (uint64_t)n;
    c->n_in += (uint64_t)n;
    c->last_in = now;
    if (direct) {
        c->in.len += (size_t)n;
        take_buffered(c);
    } else {
        take_scratch(c, (size_t)n);
    }
    keep_rest(c, now);
    return c->state == CONN_OPEN && !c->paused && (size_t)n == room;
}

static void discard(struct conn *c)
{
    for (int i = 0; i < READS_PER_EVENT; i++) {
        ssize_t n = read(c->fd, c->kind->scratch, CONN_READ_MAX);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0) {
            conn_close(c);
            return;
        }
    }
}

/* Bytes that TLS has received already do not make the descriptor readable. */
static void read_rest_soon(struct conn *c)
{
    if (c->state == CONN_OPEN && !c->paused && c->tls && tls_stream_has_more(c->tls))
        watch_soon(c->reader);
}

static void read_event(void *arg)
{
    struct conn *c = arg;
    struct gad_time now = gad_time_monotonic();

    if (c->state == CONN_LINGERING) {
        discard(c);
        return;
    }
    for (int i = 0; i < READS_PER_EVENT && read_some(c, now); i++)
        ;
    read_rest_soon(c);
}

void conn_kick(struct conn *c)
{
    if (c->state != CONN_OPEN || !c->paused || !may_take(c))
        return;
    c->paused = false;
    take_buffered(c);
    keep_rest(c, gad_time_monotonic());
    if (c->state == CONN_OPEN && !c->paused)
        watch_start(c->reader);
    read_rest_soon(c);
}

/* --- opening --- */

int conn_open(struct conn *c, const struct conn_kind *kind, int fd, struct tls_stream *tls)
{
    size_t in_max = kind->frame_max + GAD_FRAME_HEAD;
    struct gad_time now = gad_time_monotonic();

    *c = (struct conn){
        .kind = kind,
        .fd = -1,
        .state = CONN_CLOSED,
        .in = GAD_BUF_INIT(in_max > CONN_READ_MAX ? in_max : CONN_READ_MAX),
        .out = GAD_BUF_INIT(kind->out_max),
        .opened = now,
        .last_in = now,
        .last_out = now,
    };
    c->reader = watch_reader(kind->base, fd, read_event, c);
    c->writer = watch_writer(kind->base, fd, write_event, c);
    c->timer = watch_timer(kind->base, timer_event, c);
    if (!c->reader || !c->writer || !c->timer) {
        if (c->reader)
            watch_free(c->reader);
        if (c->writer)
            watch_free(c->writer);
        if (c->timer)
            watch_free(c->timer);
        return GAD_ENOMEM;
    }
    c->fd = fd;
    c->tls = tls;
    c->state = CONN_OPEN;
    log_opened(c);
    set_timer(c, now);
    read_rest_soon(c); /* the first request can have arrived with the handshake */
    return 0;
}
