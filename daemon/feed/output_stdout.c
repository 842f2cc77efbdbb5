/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/output.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_stdout(struct output *o)
{
    struct stat st;

    if (fstat(STDOUT_FILENO, &st) != 0)
        return -errno;
    o->fd = STDOUT_FILENO;
    return 0;
}

/*
 * The descriptor is shared with whoever started us, so it is not ours to make non-blocking. A pipe that
 * poll() calls writable takes PIPE_BUF bytes without blocking; a file takes everything.
 */
static ssize_t write_stdout(const struct output *o, const uint8_t *p, size_t len)
{
    struct pollfd fd = {.fd = o->fd, .events = POLLOUT};

    if (poll(&fd, 1, 0) == 0) {
        errno = EAGAIN;
        return -1;
    }
    return write(o->fd, p, len > PIPE_BUF ? PIPE_BUF : len);
}

const struct output_ops output_stdout = {
    .kind = "stdout", .open = open_stdout, .write = write_stdout, .is_stream = true};
