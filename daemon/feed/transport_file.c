/* SPDX-License-Identifier: Apache-2.0 */
/* Files with whole lines, and the standard output. */
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/config.h"
#include "daemon/feed/file_check.h"
#include "daemon/feed/lines.h"
#include "daemon/feed/transport.h"
#include "lib/base/diag.h"

enum { HEAD_LEN = 512 }; /* of syslog, and the line end */

static int open_stdout(struct transport *t, struct gad_diag *d)
{
    struct stat st;

    if (fstat(STDOUT_FILENO, &st) != 0)
        return gad_fail(d, -errno, "%s", gad_strerror(-errno));
    t->fd = STDOUT_FILENO;
    return 0;
}

/*
 * The descriptor is shared with whoever started us, so it is not ours to make non-blocking. A pipe that
 * poll() calls writable takes PIPE_BUF bytes without blocking; a file takes everything.
 */
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

static int open_file(struct transport *t, struct gad_diag *d)
{
    int fd = lines_open(t->config->to, "", t->config->length + HEAD_LEN);

    if (fd < 0)
        return transport_file_check(t->config->to, d) != 0
                   ? fd
                   : gad_fail(d, fd, "%s", gad_strerror(fd));
    t->fd = fd;
    return 0;
}

/* All of it or nothing: a part that a full disk took is taken away again. */
static ssize_t write_file(struct transport *t, const uint8_t *p, size_t len)
{
    struct stat st;
    ssize_t n = write(t->fd, p, len);

    if (n < 0 || (size_t)n == len)
        return n;
    if (fstat(t->fd, &st) == 0)
        (void)!ftruncate(t->fd, st.st_size - n);
    errno = ENOSPC;
    return -1;
}

const struct transport_ops transport_stdout = {.type = "stdout",
                                               .open = open_stdout,
                                               .write = write_stdout,
                                               .read = read_nothing,
                                               .finish = finish_at_once,
                                               .close = transport_close_fd};

const struct transport_ops transport_file = {.type = "file",
                                             .is_file = true,
                                             .open = open_file,
                                             .write = write_file,
                                             .read = read_nothing,
                                             .finish = finish_at_once,
                                             .close = transport_close_fd};
