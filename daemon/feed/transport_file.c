/* SPDX-License-Identifier: Apache-2.0 */
/* Files (the thread of daemon/feed/disk.h writes them), and the standard output. */
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/config/config.h"
#include "daemon/feed/disk.h"
#include "daemon/feed/transport.h"
#include "lib/base/diag.h"

static int open_stdout(struct transport *t, struct gad_diag *d)
{
    struct stat st;

    if (fstat(STDOUT_FILENO, &st) != 0)
        return gad_fail(d, -errno, "%s", gad_strerror(-errno));
    t->fd = STDOUT_FILENO;
    return 0;
}

/* The parent process shares the descriptor, so it must not become non-blocking. A pipe that poll()
 * reports as writable takes PIPE_BUF bytes without blocking; a file takes everything. */
static ssize_t write_stdout(struct transport *t, const uint8_t *p, size_t len)
{
    struct pollfd fd = {.fd = t->fd, .events = POLLOUT};

    if (poll(&fd, 1, 0) == 0) {
        errno = EAGAIN;
        return -1;
    }
    return write(t->fd, p, len > PIPE_BUF ? PIPE_BUF : len);
}

static int read_nothing(struct transport *t, struct gad_diag *d)
{
    (void)t;
    (void)d;
    return 0;
}

static int finish_at_once(struct transport *t)
{
    (void)t;
    return GAD_END;
}

/* The thread may still be busy with the previous connection. */
static int proceed_file(struct transport *t, struct gad_diag *d)
{
    struct disk_result r;
    bool has_result = disk_take(t->memory->disk, &r);

    if (has_result && t->is_opening)
        return r.error != 0 ? gad_fail(d, r.error, "%s", r.why.text) : 0;
    if (!t->is_opening && disk_is_idle(t->memory->disk)) {
        t->is_opening = true;
        disk_begin(t->memory->disk, DISK_OPEN, NULL, 0);
    }
    return GAD_MORE;
}

static int open_file(struct transport *t, struct gad_diag *d)
{
    t->fd = disk_fd(t->memory->disk);
    int r = proceed_file(t, d);
    return r == GAD_MORE ? proceed_file(t, d) : r; /* without a thread the file is open already */
}

/* The standard output is not ours to close; a file is its thread's. */
static void close_nothing(struct transport *t)
{
    t->fd = -1;
}

/* output_file_write() writes files. */
static ssize_t write_file(struct transport *t, const uint8_t *p, size_t len)
{
    (void)t;
    (void)p;
    (void)len;
    errno = EAGAIN;
    return -1;
}

const struct transport_ops transport_stdout = {.type = "stdout",
                                               .open = open_stdout,
                                               .write = write_stdout,
                                               .read = read_nothing,
                                               .finish = finish_at_once,
                                               .close = close_nothing};

const struct transport_ops transport_file = {.type = "file",
                                             .is_file = true,
                                             .open = open_file,
                                             .proceed = proceed_file,
                                             .write = write_file,
                                             .read = read_nothing,
                                             .finish = finish_at_once,
                                             .close = close_nothing};
