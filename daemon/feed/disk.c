/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/disk.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/feed/file_check.h"
#include "daemon/log.h"
#include "daemon/thread.h"
#include "lib/base/buf.h"

enum { END_MS = 50 }; /* that disk_free() waits for a task */

enum disk_state { DISK_IDLE, DISK_BUSY, DISK_DONE };

struct disk {
    char *path, *head;
    size_t longest;
    uint64_t files;
    bool keeps_lines;
    int event; /* an eventfd */
    struct thread thread;
    uint64_t size; /* the owner's */

    pthread_mutex_t lock; /* of the following */
    pthread_cond_t changed;
    enum disk_state state;
    bool end;       /* the thread is to end */
    bool abandoned; /* the thread is also to free everything, because the owner has left */
    struct gad_time began;

    /* The thread uses these while the state is DISK_BUSY, the owner otherwise. */
    unsigned tasks;
    struct gad_buf data;
    struct disk_result result;
    int fd;
    bool missing; /* the last DISK_LOOK found no file at the path */
};

/* --- the file --- */

static int write_all(int fd, const char *p, size_t len)
{
    ssize_t n = len > 0 ? write(fd, p, len) : 0;

    if (n == (ssize_t)len)
        return 0;
    return n < 0 ? -errno : -ENOSPC;
}

/* Removes a last line without its end, which an earlier run could not complete, so that readers
 * find whole lines only. */
static int cut_last_line(const char *path, int fd, off_t size, size_t longest)
{
    size_t len = (size_t)size < longest ? (size_t)size : longest;
    off_t from = size - (off_t)len;
    gad_cleanup(gad_freep) char *tail = gad_calloc(len + 1, 1);

    if (!tail)
        return GAD_ENOMEM;
    if (pread(fd, tail, len, from) != (ssize_t)len)
        return -errno;
    const char *lf = memrchr(tail, '\n', len);
    off_t whole = lf ? from + (lf - tail) + 1 : from;
    if (whole == size)
        return 0;
    if (!lf && from > 0)
        return write_all(fd, "\n", 1);
    if (ftruncate(fd, whole) != 0)
        return -errno;
    log_notice("feed", "'%s': its last line was incomplete: %lld bytes were removed", path,
               (long long)(size - whole));
    return 0;
}

static int begin_file(const char *path, int fd, const char *head, size_t longest)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return GAD_EINVAL;
    int r = cut_last_line(path, fd, st.st_size, longest);
    if (r == 0 && fstat(fd, &st) != 0)
        r = -errno;
    if (r != 0 || st.st_size > 0)
        return r;
    r = write_all(fd, head, strlen(head));
    if (r != 0)
        (void)!ftruncate(fd, 0);
    return r;
}

static int open_lines(const char *path, const char *head, size_t longest)
{
    /* O_NONBLOCK: opening a FIFO must not wait for its reader; it has no effect on a regular
     * file. */
    int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);

    if (fd < 0)
        return -errno;
    int r = begin_file(path, fd, head, longest);
    if (r == 0)
        return fd;
    (void)close(fd);
    return r;
}

/* Writes PATH.n, or PATH for 0. Returns false if that is too long. */
static bool name_of(const char *path, uint64_t n, char name[static PATH_MAX])
{
    int len = n == 0 ? snprintf(name, PATH_MAX, "%s", path)
                     : snprintf(name, PATH_MAX, "%s.%llu", path, (unsigned long long)n);
    return len > 0 && len < PATH_MAX;
}

bool disk_rotate(const char *path, uint64_t files)
{
    char from[PATH_MAX], to[PATH_MAX];
    bool ok = false;

    for (uint64_t n = files; n-- > 0;) {
        ok = false;
        if (!name_of(path, n, from) || !name_of(path, n + 1, to))
            continue;
        ok = rename(from, to) == 0;
        if (!ok && (n == 0 || errno != ENOENT))
            log_warn("feed", "'%s' cannot be moved away: %s", from, gad_strerror(-errno));
    }
    return ok;
}

/* --- the thread's side --- */

/* Removes the incomplete lines that a full disk took. Returns the bytes that stay. */
static size_t take_back(struct disk *d, size_t done)
{
    const uint8_t *lf = d->keeps_lines ? memrchr(d->data.p, '\n', done) : NULL;
    size_t stays = lf ? (size_t)(lf - d->data.p) + 1 : 0;
    off_t back = (off_t)(done - stays);
    struct stat st;

    if (back > 0 && fstat(d->fd, &st) == 0 && st.st_size >= back)
        (void)!ftruncate(d->fd, st.st_size - back);
    return stays;
}

static int append(struct disk *d, size_t *ret_written)
{
    size_t done = 0;
    int r = 0;

    while (r == 0 && done < d->data.len) {
        ssize_t n = write(d->fd, d->data.p + done, d->data.len - done);
        if (n > 0)
            done += (size_t)n;
        else if (n == 0 || errno != EINTR)
            r = n < 0 ? -errno : -EIO;
    }
    *ret_written = r == 0 ? done : take_back(d, done);
    return r;
}

/* The program that moves a file away often replaces it a moment later, so a missing file counts as
 * moved only at the second check. */
static enum disk_change look(struct disk *d)
{
    struct stat ours, there;
    bool was_missing = d->missing;

    d->missing = false;
    if (fstat(d->fd, &ours) != 0 || ours.st_nlink == 0)
        return DISK_DELETED;
    if (lstat(d->path, &there) == 0)
        return there.st_dev == ours.st_dev && there.st_ino == ours.st_ino ? DISK_SAME : DISK_MOVED;
    if (errno != ENOENT && errno != ENOTDIR)
        return DISK_SAME;
    d->missing = !was_missing;
    return was_missing ? DISK_MOVED : DISK_SAME;
}

static int open_path(struct disk *d, struct gad_diag *why)
{
    if (d->fd >= 0)
        (void)close(d->fd);
    d->missing = false;
    d->fd = open_lines(d->path, d->head, d->longest);
    if (d->fd >= 0)
        return 0;
    int r = d->fd;
    if (file_check(d->path, why) == 0)
        (void)gad_fail(why, r, "%s", gad_strerror(r));
    return r;
}

static void work(struct disk *d)
{
    struct disk_result *r = &d->result;
    unsigned tasks = d->tasks;
    struct stat st;

    *r = (struct disk_result){.tasks = tasks};
    if (d->fd < 0 && (tasks & (DISK_WRITE | DISK_SYNC)) != 0)
        r->error = -EBADF;
    if (r->error == 0 && (tasks & DISK_WRITE) != 0)
        r->error = append(d, &r->written);
    if (r->error == 0 && (tasks & DISK_SYNC) != 0) {
        r->error = fdatasync(d->fd) == 0 ? 0 : -errno;
        r->synced = r->error == 0;
    }
    /* After the sync, so that what was synced was in a file that still had its name. */
    if (r->error == 0 && (tasks & DISK_LOOK) != 0 && d->fd >= 0)
        r->change = look(d);
    if (r->error == 0 && (tasks & DISK_ROTATE) != 0 && r->change == DISK_SAME)
        r->rotated = disk_rotate(d->path, d->files);
    if (r->error == 0 && ((tasks & DISK_OPEN) != 0 || r->change != DISK_SAME || r->rotated)) {
        r->error = open_path(d, &r->why);
        r->opened = r->error == 0;
    }
    if (r->error != 0 && !*r->why.text)
        (void)gad_fail(&r->why, r->error, "%s", gad_strerror(r->error));
    r->size = d->fd >= 0 && fstat(d->fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static void destroy(struct disk *d)
{
    if (d->fd >= 0)
        (void)close(d->fd);
    if (d->event >= 0)
        (void)close(d->event);
    (void)pthread_cond_destroy(&d->changed);
    (void)pthread_mutex_destroy(&d->lock);
    gad_buf_deinit(&d->data);
    gad_free(d->path);
    gad_free(d->head);
    gad_free(d);
}

static void finish_task(struct disk *d)
{
    d->state = DISK_DONE;
    thread_event_post(d->event);
    (void)pthread_cond_broadcast(&d->changed);
}

static void run(void *arg)
{
    struct disk *d = arg;

    (void)pthread_mutex_lock(&d->lock);
    for (;;) {
        while (d->state != DISK_BUSY && !d->end)
            (void)pthread_cond_wait(&d->changed, &d->lock);
        if (d->state != DISK_BUSY)
            break;
        (void)pthread_mutex_unlock(&d->lock);
        work(d);
        (void)pthread_mutex_lock(&d->lock);
        finish_task(d);
    }
    bool abandoned = d->abandoned;
    (void)pthread_mutex_unlock(&d->lock);
    if (abandoned)
        destroy(d);
}

/* --- the owner's side --- */

int disk_new(const struct disk_options *o, struct disk **ret)
{
    struct disk *d = gad_calloc(1, sizeof(*d));
    pthread_condattr_t monotonic;

    if (!d)
        return GAD_ENOMEM;
    d->fd = -1;
    d->longest = o->longest;
    d->files = o->files;
    d->keeps_lines = o->keeps_lines;
    (void)pthread_mutex_init(&d->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&d->changed, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    d->event = thread_event_open();
    int r = d->event >= 0 ? 0 : d->event;
    d->data = GAD_BUF_INIT(o->write_max);
    d->path = gad_strndup(o->path, strlen(o->path));
    d->head = gad_strndup(o->head, strlen(o->head));
    if (r == 0 && (!d->path || !d->head || !gad_buf_room(&d->data, o->write_max)))
        r = GAD_ENOMEM;
    if (r == 0)
        *ret = d;
    else
        destroy(d);
    return r;
}

int disk_start(struct disk *d)
{
    return thread_run(&d->thread, "ganadd-file", run, d);
}

void disk_free(struct disk *d)
{
    if (!d)
        return;
    if (!d->thread.runs) {
        destroy(d);
        return;
    }
    bool comes_back = disk_wait(d, END_MS);
    (void)pthread_mutex_lock(&d->lock);
    comes_back = comes_back || d->state != DISK_BUSY;
    d->end = true;
    d->abandoned = !comes_back;
    if (d->abandoned)
        thread_detach(&d->thread);
    (void)pthread_cond_broadcast(&d->changed);
    (void)pthread_mutex_unlock(&d->lock);
    if (!comes_back) /* the thread owns d from here on */
        return;
    thread_join(&d->thread);
    destroy(d);
}

int disk_fd(const struct disk *d)
{
    return d->event;
}

void disk_begin(struct disk *d, unsigned tasks, const void *p, size_t len)
{
    (void)pthread_mutex_lock(&d->lock);
    gad_assert(d->state == DISK_IDLE);
    d->tasks = tasks;
    d->data.len = d->data.pos = 0;
    gad_buf_add(&d->data, p, len);
    gad_assert(!d->data.bad); /* write_max */
    d->began = gad_time_monotonic();
    d->state = DISK_BUSY;
    if (d->thread.runs) {
        (void)pthread_cond_broadcast(&d->changed);
    } else {
        work(d);
        finish_task(d);
    }
    (void)pthread_mutex_unlock(&d->lock);
}

static enum disk_state state_of(struct disk *d)
{
    (void)pthread_mutex_lock(&d->lock);
    enum disk_state state = d->state;
    (void)pthread_mutex_unlock(&d->lock);
    return state;
}

bool disk_is_idle(struct disk *d)
{
    return state_of(d) == DISK_IDLE;
}

bool disk_take(struct disk *d, struct disk_result *ret)
{
    if (state_of(d) != DISK_DONE)
        return false;
    thread_event_clear(d->event);
    *ret = d->result;
    d->size = d->result.size;
    (void)pthread_mutex_lock(&d->lock);
    d->state = DISK_IDLE;
    (void)pthread_mutex_unlock(&d->lock);
    return true;
}

uint64_t disk_size(const struct disk *d)
{
    return d->size;
}

bool disk_wait(struct disk *d, int ms)
{
    struct timespec until;
    int r = 0;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    (void)pthread_mutex_lock(&d->lock);
    while (d->state == DISK_BUSY && r == 0)
        r = pthread_cond_timedwait(&d->changed, &d->lock, &until);
    bool done = d->state != DISK_BUSY;
    (void)pthread_mutex_unlock(&d->lock);
    return done;
}

struct gad_time disk_busy(struct disk *d)
{
    struct gad_time busy = {0};

    (void)pthread_mutex_lock(&d->lock);
    if (d->state == DISK_BUSY)
        busy = gad_time_sub(gad_time_monotonic(), d->began);
    (void)pthread_mutex_unlock(&d->lock);
    return busy;
}
