/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* A line that an earlier run left half written gets its end, so that ours begins on a line of its own. */
static int end_last_line(int fd, off_t size)
{
    char last = '\n';

    if (size > 0 && pread(fd, &last, 1, size - 1) != 1)
        return -errno;
    if (last != '\n' && write(fd, "\n", 1) != 1)
        return -errno;
    return 0;
}

static int open_file(struct output *o)
{
    struct stat st;
    /* O_NONBLOCK: opening a FIFO must not wait for its reader; it has no effect on a regular file. */
    int fd =
        open(o->target, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);

    if (fd < 0)
        return -errno;
    int r = fstat(fd, &st) != 0 ? -errno : 0;
    if (r == 0)
        r = S_ISREG(st.st_mode) ? end_last_line(fd, st.st_size) : GAD_EINVAL;
    if (r != 0) {
        (void)close(fd);
        return r;
    }
    o->fd = fd;
    return 0;
}

static ssize_t write_file(const struct output *o, const uint8_t *p, size_t len)
{
    return write(o->fd, p, len);
}

const struct output_ops output_file = {
    .kind = "file", .open = open_file, .write = write_file, .can_retry = true, .must_open = true};
