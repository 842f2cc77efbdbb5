/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/lines.h"

#include <event2/event.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/feed/file_check.h"
#include "daemon/log.h"
#include "lib/base/diag.h"

enum {
    RETRY_MS = 250, /* the first; doubles */
    RETRY_MAX_MS = 30000,
    LINE_LEN_MAX = 4096,   /* bytes; a record's line is shorter */
    WRITE_MAX = 1 << 20,   /* bytes a call */
    FLUSH_FROM = 64 << 10, /* bytes that are not left waiting for the end of the loop's turn */
};

static void schedule_retry(struct lines *o)
{
    int ms = RETRY_MS;

    for (unsigned i = 0; i < o->tries && ms < RETRY_MAX_MS; i++)
        ms *= 2;
    ms = ms < RETRY_MAX_MS ? ms : RETRY_MAX_MS;
    o->tries++;
    const struct timeval tv = {ms / 1000, (suseconds_t)(ms % 1000) * 1000};
    (void)event_add(o->retry, &tv);
}

static void close_fd(struct lines *o)
{
    if (o->fd >= 0)
        (void)close(o->fd);
    o->fd = -1;
}

/* The part of a line that was written before the disk was full; it is written again as a whole. */
static void take_back(struct lines *o)
{
    struct stat st;

    if (o->sent > 0 && fstat(o->fd, &st) == 0 && st.st_size >= (off_t)o->sent &&
        ftruncate(o->fd, st.st_size - (off_t)o->sent) == 0)
        o->sent = 0;
}

static void fail(struct lines *o, int err)
{
    if (!o->failing)
        log_warn("feed", "'%s': %s; lines wait in memory", o->path, gad_strerror(err));
    o->failing = true;
    o->error = err;
    take_back(o);
    o->failed = true;
    schedule_retry(o);
}

static int open_now(struct lines *o)
{
    int fd = lines_open(o->path, o->head, LINE_LEN_MAX);

    if (fd < 0)
        return fd;
    o->fd = fd;
    o->failed = false;
    return 0;
}

static void retry_event(evutil_socket_t fd, short what, void *arg)
{
    struct lines *o = arg;
    (void)fd;
    (void)what;

    int r = o->fd < 0 ? open_now(o) : 0;
    if (r != 0) {
        fail(o, r);
        return;
    }
    o->failed = false;
    lines_flush(o);
}

/* n more bytes are out: whole lines leave the queue. */
static void written(struct lines *o, size_t n)
{
    const uint8_t *p = o->queue.p + o->queue.pos;

    o->sent += n;
    for (;;) {
        const uint8_t *lf = memchr(p, '\n', o->sent);
        if (!lf)
            return;
        size_t line = (size_t)(lf - p) + 1;
        gad_buf_consume(&o->queue, line);
        o->sent -= line;
        o->bytes += line;
        o->n_sent++;
        p += line;
    }
}

static void report_burst(struct lines *o)
{
    if (o->failing)
        log_notice("feed", "'%s': works again", o->path);
    if (o->burst > 0)
        log_warn("feed", "'%s': %" PRIu64 " lines were dropped while its queue was full", o->path,
                 o->burst);
    o->failing = false;
    o->burst = 0;
    o->tries = 0;
}

void lines_flush(struct lines *o)
{
    if (o->failed || o->fd < 0)
        return;
    while (gad_buf_left(&o->queue) > o->sent) {
        size_t len = gad_buf_left(&o->queue) - o->sent;
        ssize_t n =
            write(o->fd, o->queue.p + o->queue.pos + o->sent, len > WRITE_MAX ? WRITE_MAX : len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            fail(o, -errno);
            return;
        }
        written(o, (size_t)n);
    }
    /* A disk that is full may still take a few bytes now and then. */
    if (o->failing || o->burst > 0)
        report_burst(o);
}

void lines_add(struct lines *o, const uint8_t *line, size_t len)
{
    if (gad_buf_left(&o->queue) >= FLUSH_FROM || gad_buf_left(&o->queue) + len > o->queue_max)
        lines_flush(o);
    if (len <= o->queue_max && gad_buf_left(&o->queue) <= o->queue_max - len) {
        gad_buf_add(&o->queue, line, len);
        if (!o->queue.bad)
            return;
        o->queue.bad = false; /* no memory to grow: as if it were full */
    }
    if (o->burst++ == 0)
        log_warn("feed", "'%s': queue full, dropping lines", o->path);
    o->n_dropped++;
    ++*o->all_dropped;
}

void lines_reopen(struct lines *o)
{
    lines_flush(o);
    close_fd(o);
    o->sent = 0;
    int r = open_now(o);
    if (r != 0)
        fail(o, r);
    else
        lines_flush(o);
}

static bool disk_is_full(int err)
{
    return err == -ENOSPC || err == -EDQUOT || err == -EFBIG;
}

int lines_new(const char *path, const char *head, size_t queue_max, struct event_base *base,
              uint64_t *all_dropped, struct lines **ret, struct gad_diag *d)
{
    gad_cleanup(lines_freep) struct lines *o = gad_calloc(1, sizeof(*o));

    if (!o)
        return gad_fail(d, GAD_ENOMEM, "records '%s': no memory", path);
    o->path = path;
    o->head = head;
    o->fd = -1;
    o->queue_max = queue_max;
    /* So that moving the rest to the front is rare: once a queue_max. */
    o->queue = GAD_BUF_INIT(2 * queue_max);
    o->all_dropped = all_dropped;
    o->retry = event_new(base, -1, 0, retry_event, o);
    if (!o->retry)
        return gad_fail(d, GAD_ENOMEM, "records '%s': no memory", path);
    int r = open_now(o);
    if (r != 0 && !disk_is_full(r)) {
        if (transport_file_check(path, d) == 0)
            (void)gad_fail(d, r, "%s", gad_strerror(r));
        gad_diag_prefix(d, "records '%s'", path);
        return r;
    }
    if (r != 0)
        fail(o, r);
    *ret = gad_steal(&o);
    return 0;
}

static uint64_t count_lines(const struct gad_buf *b)
{
    uint64_t n = 0;
    for (size_t i = b->pos; i < b->len; i++)
        n += b->p[i] == '\n';
    return n;
}

void lines_free(struct lines *o)
{
    if (!o)
        return;
    uint64_t left = count_lines(&o->queue);
    if (left > 0)
        log_warn("feed", "'%s': %" PRIu64 " lines could not be delivered", o->path, left);
    close_fd(o);
    if (o->retry)
        event_free(o->retry);
    gad_buf_deinit(&o->queue);
    gad_free(o);
}
