/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/output.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/log.h"

enum {
    LINE_MAX_BYTES = 4096
}; /* a last line that is longer and has no end is not ours to take away */

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

/* One that an earlier run could not end leaves the file, so that who reads records finds none that is none. */
static int cut_last_line(const char *path, int fd, off_t size)
{
    char tail[LINE_MAX_BYTES];
    size_t len = size < (off_t)sizeof(tail) ? (size_t)size : sizeof(tail);
    off_t from = size - (off_t)len;

    if (pread(fd, tail, len, from) != (ssize_t)len)
        return -errno;
    const char *lf = memrchr(tail, '\n', len);
    off_t whole = lf ? from + (lf - tail) + 1 : from;
    if (whole == size)
        return 0;
    if (!lf && from > 0)
        return end_last_line(fd, size);
    if (ftruncate(fd, whole) != 0)
        return -errno;
    log_notice("feed", "records '%s': its last line was not whole: %lld bytes are taken away", path,
               (long long)(size - whole));
    return 0;
}

static int write_head(int fd, const char *head)
{
    size_t len = strlen(head);
    ssize_t n = len > 0 ? write(fd, head, len) : 0;

    if (n == (ssize_t)len)
        return 0;
    int r = n < 0 ? -errno : -ENOSPC;
    (void)!ftruncate(fd, 0);
    return r;
}

/* An empty file begins with the head; what was there before is ours, or tap.c would have moved it away. */
static int begin(const struct output *o, int fd, off_t size)
{
    struct stat st;

    if (!o->ops->is_whole)
        return end_last_line(fd, size);
    int r = cut_last_line(o->target, fd, size);
    if (r == 0 && fstat(fd, &st) != 0)
        r = -errno;
    return r == 0 && st.st_size == 0 ? write_head(fd, o->head) : r;
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
        r = S_ISREG(st.st_mode) ? begin(o, fd, st.st_size) : GAD_EINVAL;
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

const struct output_ops output_records = {.kind = "records",
                                          .open = open_file,
                                          .write = write_file,
                                          .can_retry = true,
                                          .must_open = true,
                                          .is_whole = true};
