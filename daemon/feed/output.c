/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/output.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/log.h"
#include "lib/base/diag.h"

enum {
    RETRY_MS = 250, /* the first; doubles */
    RETRY_MAX_MS = 30000,
    STEADY_SECONDS = 10,   /* a connection that held this long begins the doubling anew */
    WRITE_MAX = 1 << 20,   /* bytes a call */
    FLUSH_FROM = 64 << 10, /* bytes that are not left waiting for the end of the loop's turn */
};

const char *output_state_name(enum output_state s)
{
    static const char *const name[] = {"open", "connecting", "failed"};
    return name[s];
}

/* Full jitter: many sensors that lost the same collector do not come back in step. */
static void schedule_retry(struct output *o)
{
    uint32_t most = RETRY_MS;

    for (unsigned i = 0; i < o->tries && most < RETRY_MAX_MS; i++)
        most *= 2;
    if (most > RETRY_MAX_MS)
        most = RETRY_MAX_MS;
    o->tries++;
    uint32_t ms = RETRY_MS / 10 + gad_rng_below(&o->rng, most);
    struct timeval tv = {ms / 1000, (suseconds_t)(ms % 1000) * 1000};
    (void)event_add(o->retry, &tv);
}

static void close_fd(struct output *o)
{
    if (o->writer)
        event_free(o->writer);
    if (o->reader)
        event_free(o->reader);
    o->writer = o->reader = NULL;
    if (o->fd > STDERR_FILENO)
        (void)close(o->fd);
    o->fd = -1;
    o->waiting = false;
}

/* The part of a line that was written before the disk was full; it is written again as a whole. */
static void take_back(struct output *o)
{
    struct stat st;

    if (o->sent > 0 && fstat(o->fd, &st) == 0 && S_ISREG(st.st_mode) &&
        st.st_size >= (off_t)o->sent && ftruncate(o->fd, st.st_size - (off_t)o->sent) == 0)
        o->sent = 0;
}

static void fail(struct output *o, int err)
{
    bool steady =
        gad_time_sub(gad_time_monotonic(), o->opened).ns > STEADY_SECONDS * INT64_C(1000000000);

    if (!o->failing)
        log_warn("feed", "%s '%s': %s%s", o->ops->kind, o->target, gad_strerror(err),
                 o->ops->can_retry ? "; lines wait in memory" : "; no more lines go there");
    o->failing = true;
    o->error = err;
    if (o->ops->is_whole)
        take_back(o);
    if (o->ops->is_stream) {
        close_fd(o);
        o->sent = 0;
    }
    if (steady)
        o->tries = 0;
    o->state = o->ops->is_stream && o->ops->can_retry ? OUTPUT_CONNECTING : OUTPUT_FAILED;
    if (o->ops->can_retry)
        schedule_retry(o);
}

static void write_event(evutil_socket_t fd, short what, void *arg)
{
    struct output *o = arg;
    (void)fd;
    (void)what;
    o->waiting = false;
    output_flush(o);
}

/* A reader of alerts has nothing to say: what comes is its end, or thrown away. */
static void read_event(evutil_socket_t fd, short what, void *arg)
{
    struct output *o = arg;
    char ignored[512];
    ssize_t n = read(fd, ignored, sizeof(ignored));
    (void)what;

    if (n == 0)
        fail(o, GAD_ECLOSED);
    else if (n < 0 && errno != EAGAIN && errno != EINTR)
        fail(o, -errno);
}

static int open_now(struct output *o)
{
    int r = o->ops->open(o);

    if (r != 0)
        return r;
    if (o->ops->is_stream) {
        o->writer = event_new(o->base, o->fd, EV_WRITE, write_event, o);
        if (!o->writer) {
            close_fd(o);
            return GAD_ENOMEM;
        }
    }
    if (o->ops->is_stream && o->ops->can_retry) {
        o->reader = event_new(o->base, o->fd, EV_READ | EV_PERSIST, read_event, o);
        if (!o->reader || event_add(o->reader, NULL) != 0) {
            close_fd(o);
            return GAD_ENOMEM;
        }
    }
    o->opened = gad_time_monotonic();
    o->state = OUTPUT_OPEN;
    return 0;
}

static void retry_event(evutil_socket_t fd, short what, void *arg)
{
    struct output *o = arg;
    (void)fd;
    (void)what;

    int r = o->fd < 0 ? open_now(o) : 0;
    if (r != 0) {
        fail(o, r);
        return;
    }
    o->state = OUTPUT_OPEN;
    output_flush(o);
}

/* n more bytes are out: whole lines leave the queue. */
static void written(struct output *o, size_t n)
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

static void report_burst(struct output *o)
{
    if (o->failing)
        log_notice("feed", "%s '%s': works again", o->ops->kind, o->target);
    o->failing = false;
    if (o->burst > 0)
        log_warn("feed", "%s '%s': %" PRIu64 " lines were dropped while its queue was full",
                 o->ops->kind, o->target, o->burst);
    o->burst = 0;
}

void output_flush(struct output *o)
{
    if (o->state != OUTPUT_OPEN || o->waiting)
        return;
    while (gad_buf_left(&o->queue) > o->sent) {
        size_t len = gad_buf_left(&o->queue) - o->sent;
        ssize_t n = o->ops->write(o, o->queue.p + o->queue.pos + o->sent,
                                  len > WRITE_MAX ? WRITE_MAX : len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN && o->writer) {
            o->waiting = event_add(o->writer, NULL) == 0;
            return;
        }
        if (n < 0) {
            fail(o, -errno);
            return;
        }
        written(o, (size_t)n);
        /* A disk that is full may still take a few bytes now and then. */
        bool is_better = o->ops->is_stream || gad_buf_left(&o->queue) == 0;
        if (is_better && (o->failing || o->burst > 0))
            report_burst(o);
    }
}

void output_add(struct output *o, const uint8_t *line, size_t len)
{
    if (gad_buf_left(&o->queue) >= FLUSH_FROM || gad_buf_left(&o->queue) + len > o->queue_max)
        output_flush(o);
    bool full = len > o->queue_max || gad_buf_left(&o->queue) > o->queue_max - len;
    if (o->state == OUTPUT_FAILED && !o->ops->can_retry)
        full = true;
    if (!full) {
        gad_buf_add(&o->queue, line, len);
        if (!o->queue.bad)
            return;
        o->queue.bad = false; /* no memory to grow: as if it were full */
    }
    if (o->burst++ == 0 && !(o->failing && !o->ops->can_retry))
        log_warn("feed", "%s '%s': queue full, dropping lines", o->ops->kind, o->target);
    o->n_dropped++;
    ++*o->all_dropped;
}

void output_reopen(struct output *o)
{
    if (o->ops->is_stream)
        return;
    output_flush(o);
    close_fd(o);
    o->sent = 0;
    int r = open_now(o);
    if (r != 0)
        fail(o, r);
    else
        output_flush(o);
}

bool output_is_busy(const struct output *o)
{
    return o->state == OUTPUT_OPEN && gad_buf_left(&o->queue) > 0;
}

static bool disk_is_full(int err)
{
    return err == -ENOSPC || err == -EDQUOT || err == -EFBIG;
}

int output_new(const struct output_ops *ops, const char *target, const char *head, size_t queue_max,
               struct event_base *base, uint64_t *all_dropped, struct output **ret,
               struct gad_diag *d)
{
    gad_cleanup(output_freep) struct output *o = gad_calloc(1, sizeof(*o));

    if (!o)
        return gad_fail(d, GAD_ENOMEM, "%s '%s': no memory", ops->kind, target);
    o->ops = ops;
    o->target = target;
    o->head = head;
    o->base = base;
    o->fd = -1;
    o->queue_max = queue_max;
    o->queue = GAD_BUF_INIT(
        2 * queue_max); /* so that moving the rest to the front is rare: once a queue_max */
    o->all_dropped = all_dropped;
    o->rng = gad_rng_init((uint64_t)gad_time_monotonic().ns, (uint64_t)getpid());
    o->retry = event_new(base, -1, 0, retry_event, o);
    if (!o->retry)
        return gad_fail(d, GAD_ENOMEM, "%s '%s': no memory", ops->kind, target);
    int r = open_now(o);
    if (r != 0 && ops->must_open && !disk_is_full(r))
        return gad_fail(d, r, "%s '%s': %s", ops->kind, target, gad_strerror(r));
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

void output_free(struct output *o)
{
    if (!o)
        return;
    uint64_t left = count_lines(&o->queue);
    if (left > 0)
        log_warn("feed", "%s '%s': %" PRIu64 " lines could not be delivered", o->ops->kind,
                 o->target, left);
    close_fd(o);
    if (o->retry)
        event_free(o->retry);
    gad_buf_deinit(&o->queue);
    gad_free(o);
}
