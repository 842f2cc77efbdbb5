/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/lines.h"

#include <inttypes.h>
#include <string.h>

#include "daemon/feed/disk.h"
#include "daemon/log.h"
#include "daemon/watch.h"
#include "lib/base/diag.h"

enum {
    RETRY_MS = 250, /* the first; doubles */
    RETRY_MAX_MS = 30000,
    LINE_LEN_MAX = 4096,   /* bytes; a record's line is shorter */
    WRITE_MAX = 256 << 10, /* bytes a call */
    FLUSH_FROM = 64 << 10, /* queued bytes that are flushed before the end of the loop's turn */
    REOPEN_MS = 200,       /* that lines_reopen() waits */
    STUCK_SECONDS = 10,    /* without an answer, before that is reported */
    LAST_WAIT_MS = 100,    /* of lines_free(), for each task */
};

static void schedule_retry(struct lines *o)
{
    int ms = RETRY_MS;

    for (unsigned i = 0; i < o->tries && ms < RETRY_MAX_MS; i++)
        ms *= 2;
    ms = ms < RETRY_MAX_MS ? ms : RETRY_MAX_MS;
    o->tries++;
    watch_after(o->retry, (struct gad_time){ms * INT64_C(1000000)});
}

static void fail(struct lines *o, const struct disk_result *r)
{
    if (!o->failing)
        log_warn("feed", "'%s': %s; lines wait in memory", o->o.path, r->why.text);
    o->failing = true;
    o->error = r->error;
    o->failed = true;
    schedule_retry(o);
}

/* Returns the first byte of the queue, which has no memory before its first line. */
static const uint8_t *queued(const struct lines *o)
{
    return o->queue.p ? o->queue.p + o->queue.pos : (const uint8_t *)"";
}

static void drop(struct lines *o, uint64_t n)
{
    o->n_dropped += n;
    *o->o.all_dropped += n;
}

static uint64_t count_lines(const uint8_t *p, size_t len)
{
    uint64_t n = 0;

    for (size_t i = 0; i < len; i++)
        n += p[i] == '\n';
    return n;
}

/* --- results --- */

static void report_burst(struct lines *o)
{
    if (o->failing)
        log_notice("feed", "'%s': works again", o->o.path);
    if (o->burst > 0)
        log_warn("feed", "'%s': %" PRIu64 " lines were dropped while its queue was full", o->o.path,
                 o->burst);
    o->failing = false;
    o->burst = 0;
    o->tries = 0;
}

static void take_written(struct lines *o, size_t len)
{
    uint64_t n = count_lines(queued(o), len);

    o->n_sent += n;
    o->unseen += n;
    o->bytes += len;
    o->before_reopen -= o->before_reopen < len ? o->before_reopen : len;
    gad_buf_consume(&o->queue, len);
    /* A disk that is full may still take a few bytes now and then. */
    if (gad_buf_left(&o->queue) == 0)
        report_burst(o);
}

/* Lines written before the last comparison were in a file that had a name then, so the operator
 * deleted them on purpose. Only later lines count as dropped. */
static void take_look(struct lines *o, enum disk_change change)
{
    if (change == DISK_DELETED) {
        log_warn("feed",
                 "'%s' was deleted: at most %" PRIu64 " lines written since "
                 "the last check are lost; it is created again",
                 o->o.path, o->unseen);
        drop(o, o->unseen);
        o->n_sent -= o->unseen;
        o->deleted++;
    } else if (change == DISK_MOVED) {
        log_notice("feed", "'%s' was moved away or replaced, and is reopened", o->o.path);
    }
    o->unseen = 0;
}

static void take_opened(struct lines *o, const struct disk_result *r)
{
    if (r->rotated) {
        o->rotations++;
        log_info("feed", "'%s': renamed to '%s.1', a new file is begun", o->o.path, o->o.path);
    } else if (!o->failing) {
        o->reopened++;
        log_info("feed", "'%s': reopened", o->o.path);
    }
    o->size_from = 0;
}

static void take(struct lines *o)
{
    struct disk_result r;

    if (!disk_take(o->disk, &r))
        return;
    if (o->stuck)
        log_notice("feed", "'%s': its file system answers again", o->o.path);
    o->slow = o->stuck = false;
    o->size = r.size;
    if (o->size_from > r.size) /* it was truncated */
        o->size_from = 0;
    if (r.written > 0)
        take_written(o, r.written);
    if ((r.tasks & DISK_LOOK) != 0)
        take_look(o, r.change);
    if ((r.tasks & DISK_ROTATE) != 0 && !r.opened)
        o->size_from = r.size; /* it grows, and rotation is retried after another size_max bytes */
    if (r.opened)
        take_opened(o, &r);
    if (r.error != 0)
        fail(o, &r);
}

/* --- tasks --- */

static void begin(struct lines *o, unsigned tasks, size_t len)
{
    disk_begin(o->disk, tasks, queued(o), len);
    take(o); /* without a thread the task is done already */
}

/* Returns the length of whole lines for one write, as many as size_max allows. */
static size_t next_write(const struct lines *o, size_t most)
{
    const uint8_t *p = queued(o);
    size_t len = 0;

    while (len < most) {
        const uint8_t *lf = memchr(p + len, '\n', most - len);
        size_t end = lf ? (size_t)(lf - p) + 1 : most;
        bool fits = end <= WRITE_MAX &&
                    (o->o.size_max == 0 || o->size - o->size_from + end <= o->o.size_max);
        if (len > 0 && !fits)
            break;
        len = end;
    }
    return len;
}

/* Whether the first line would exceed size_max. A file that has only its head is not rotated. */
static bool is_full(const struct lines *o, size_t len)
{
    return o->o.size_max > 0 && o->size > strlen(o->o.head) && o->size > o->size_from &&
           o->size - o->size_from + len > o->o.size_max;
}

void lines_flush(struct lines *o)
{
    take(o);
    while (!o->failed && disk_is_idle(o->disk)) {
        size_t most = o->reopen ? o->before_reopen : gad_buf_left(&o->queue);
        size_t len = next_write(o, most);
        if (o->reopen && most == 0) {
            o->reopen = false;
            begin(o, DISK_LOOK | DISK_OPEN, 0);
        } else if (len == 0) {
            return;
        } else {
            begin(o, is_full(o, len) ? DISK_LOOK | DISK_ROTATE : DISK_WRITE,
                  is_full(o, len) ? 0 : len);
        }
    }
}

bool lines_is_flushed(struct lines *o)
{
    lines_flush(o);
    return o->failed || o->stuck || (disk_is_idle(o->disk) && gad_buf_left(&o->queue) == 0);
}

bool lines_has_room(struct lines *o, struct gad_time patience)
{
    struct gad_time busy = disk_busy(o->disk);

    return gad_buf_left(&o->queue) < o->o.queue_max / 2 || busy.ns == 0 || busy.ns > patience.ns;
}

/* Waits briefly for the thread if the queue is full. Returns false if the line still has no
 * room. */
static bool make_room(struct lines *o, size_t len)
{
    while (gad_buf_left(&o->queue) + len > o->o.queue_max && !o->failed && !o->slow) {
        lines_flush(o);
        if (disk_wait(o->disk, LINES_PATIENCE_MS))
            take(o);
        else
            o->slow = true;
        if (gad_buf_left(&o->queue) == 0)
            break;
    }
    return gad_buf_left(&o->queue) + len <= o->o.queue_max;
}

void lines_add(struct lines *o, const uint8_t *line, size_t len)
{
    if (gad_buf_left(&o->queue) >= FLUSH_FROM)
        lines_flush(o);
    if (make_room(o, len)) {
        gad_buf_add(&o->queue, line, len);
        if (!o->queue.bad)
            return;
        o->queue.bad = false; /* no memory to grow counts as full */
    }
    if (o->burst++ == 0)
        log_warn("feed", "'%s': queue full, dropping lines", o->o.path);
    drop(o, 1);
}

static void retry(struct lines *o)
{
    watch_stop(o->retry);
    o->failed = o->reopen = false;
    if (disk_is_idle(o->disk))
        begin(o, DISK_LOOK | DISK_OPEN, 0);
    lines_flush(o);
}

void lines_reopen(struct lines *o)
{
    int64_t until = gad_time_monotonic().ns + REOPEN_MS * INT64_C(1000000);

    o->reopen = true;
    o->before_reopen = gad_buf_left(&o->queue);
    if (o->failed)
        retry(o);
    else
        lines_flush(o);
    for (int64_t left = REOPEN_MS; left > 0 && disk_wait(o->disk, (int)left);
         left = (until - gad_time_monotonic().ns) / 1000000) {
        lines_flush(o);
        if (o->failed || (!o->reopen && disk_is_idle(o->disk)))
            return;
    }
}

/* --- events --- */

static void on_retry(void *arg)
{
    retry(arg);
}

static void on_done(void *arg)
{
    lines_flush(arg);
}

static void on_tick(void *arg)
{
    struct lines *o = arg;

    lines_flush(o);
    if (!o->failed && disk_is_idle(o->disk))
        begin(o, DISK_LOOK, 0);
    if (!o->stuck && disk_busy(o->disk).ns > STUCK_SECONDS * INT64_C(1000000000)) {
        log_warn("feed", "'%s': its file system has not answered for %d s; lines wait in memory",
                 o->o.path, STUCK_SECONDS);
        o->stuck = true;
        o->error = -ETIMEDOUT;
    }
}

/* --- life --- */

static bool disk_is_full(int err)
{
    return err == -ENOSPC || err == -EDQUOT || err == -EFBIG;
}

static int make(struct lines *o)
{
    const struct disk_options disk = {.path = o->o.path,
                                      .head = o->o.head,
                                      .longest = LINE_LEN_MAX,
                                      .write_max =
                                          o->o.queue_max < WRITE_MAX ? o->o.queue_max : WRITE_MAX,
                                      .files = o->o.files,
                                      .keeps_lines = true};
    int r = disk_new(&disk, &o->disk);

    if (r != 0)
        return r;
    o->retry = watch_timer(o->o.base, on_retry, o);
    o->done = watch_reader(o->o.base, disk_fd(o->disk), on_done, o);
    o->tick = watch_ticker(o->o.base, (struct gad_time){1000000000}, on_tick, o);
    return o->retry && o->done && o->tick ? 0 : GAD_ENOMEM;
}

int lines_new(const struct lines_options *options, struct lines **ret, struct gad_diag *d)
{
    gad_cleanup(lines_freep) struct lines *o = gad_calloc(1, sizeof(*o));
    struct disk_result r;

    if (!o)
        return gad_fail(d, GAD_ENOMEM, "records '%s': no memory", options->path);
    o->o = *options;
    /* Twice queue_max, so that the buffer moves its rest to the front only once per queue_max
     * bytes. */
    o->queue = GAD_BUF_INIT(2 * o->o.queue_max);
    int err = make(o);
    if (err != 0)
        return gad_fail(d, err, "records '%s': %s", o->o.path, gad_strerror(err));
    disk_begin(o->disk, DISK_OPEN, NULL, 0);
    (void)disk_take(o->disk, &r);
    o->size = r.size;
    if (r.error != 0 && !disk_is_full(r.error))
        return gad_fail(d, r.error, "records '%s': %s", o->o.path, r.why.text);
    if (r.error != 0)
        fail(o, &r);
    else
        log_info("feed", "'%s': opened", o->o.path);
    *ret = gad_steal(&o);
    return 0;
}

int lines_start(struct lines *o)
{
    return disk_start(o->disk);
}

void lines_free(struct lines *o)
{
    if (!o)
        return;
    while (o->disk && !lines_is_flushed(o) && disk_wait(o->disk, LAST_WAIT_MS))
        ;
    uint64_t left = count_lines(queued(o), gad_buf_left(&o->queue));
    if (left > 0)
        log_warn("feed", "'%s': %" PRIu64 " lines could not be delivered", o->o.path, left);
    watch_free(o->retry);
    watch_free(o->done);
    watch_free(o->tick);
    disk_free(o->disk);
    gad_buf_deinit(&o->queue);
    gad_free(o);
}
