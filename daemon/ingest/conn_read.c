/* SPDX-License-Identifier: Apache-2.0 */
#include <event2/event.h>
#include <stdio.h>
#include <unistd.h>

#include "daemon/ingest/conn_parts.h"
#include "daemon/log.h"
#include "proto/ganad.pb-c.h"

enum {
    READS_PER_EVENT = 4, /* then the others get their turn */
    IN_KEPT = 16 << 10,  /* bytes; an empty buffer that is larger is given back */
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
    (void)event_del(c->reader);
}

/* Hands out whole frames; returns how many of the bytes are done with. May pause, fail or close. */
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

/* After bytes came: the rest is a part of a frame, or frames that must wait. */
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
        conn_set_timer(c, now);
    }
}

static void take_buffered(struct conn *c)
{
    size_t used = take_frames(c, c->in.p + c->in.pos, gad_buf_left(&c->in));
    if (c->state == CONN_OPEN)
        gad_buf_consume(&c->in, used);
}

/* Bytes that were read into the scratch buffer: taken from there, and only the rest is copied. */
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
    (void)event_del(c->reader);
    conn_settle(c);
}

/*
 * One read; false if there is nothing more to do now. Behind a frame that is half here only its rest is
 * read: a slow client holds little more memory than it has sent, and all other bytes are taken from the
 * scratch buffer where they are.
 */
static bool read_some(struct conn *c, struct gad_time now)
{
    bool direct = gad_buf_left(&c->in) > 0;
    size_t room = CONN_READ_MAX;
    uint8_t *to = c->kind->scratch;

    if (direct) {
        if (room > c->missing)
            room = c->missing;
        to = gad_buf_room(&c->in, room); /* c->in.max holds the largest frame */
        if (!to) {
            log_warn(c->kind->token, "no memory to read a client, closing it");
            conn_close(c);
            return false;
        }
    }
    ssize_t n = read(c->fd, to, room);
    if (n < 0) {
        if (errno != EAGAIN && errno != EINTR)
            conn_close(c);
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

void conn_read_event(evutil_socket_t fd, short what, void *arg)
{
    struct conn *c = arg;
    struct gad_time now = gad_time_monotonic();
    (void)fd;
    (void)what;

    if (c->state == CONN_LINGERING) {
        discard(c);
        return;
    }
    for (int i = 0; i < READS_PER_EVENT && read_some(c, now); i++)
        ;
}

void conn_kick(struct conn *c)
{
    if (c->state != CONN_OPEN || !c->paused || !may_take(c))
        return;
    c->paused = false;
    take_buffered(c);
    keep_rest(c, gad_time_monotonic());
    if (c->state == CONN_OPEN && !c->paused)
        (void)event_add(c->reader, NULL);
}
