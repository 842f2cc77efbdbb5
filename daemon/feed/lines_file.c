/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/feed/lines.h"
#include "daemon/log.h"

static int write_all(int fd, const char *p, size_t len)
{
    ssize_t n = len > 0 ? write(fd, p, len) : 0;

    if (n == (ssize_t)len)
        return 0;
    return n < 0 ? -errno : -ENOSPC;
}

/* One that an earlier run could not end leaves the file, so that whoever reads it finds no line that is none. */
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
    log_notice("feed", "'%s': its last line was not whole: %lld bytes are taken away", path,
               (long long)(size - whole));
    return 0;
}

static int begin(const char *path, int fd, const char *head, size_t longest)
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

int lines_open(const char *path, const char *head, size_t longest)
{
    /* O_NONBLOCK: opening a FIFO must not wait for its reader; it has no effect on a regular file. */
    int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);

    if (fd < 0)
        return -errno;
    int r = begin(path, fd, head, longest);
    if (r == 0)
        return fd;
    (void)close(fd);
    return r;
}

/* PATH.n, or PATH for 0; false if that is too long. */
static bool name_of(const char *path, uint64_t n, char name[static PATH_MAX])
{
    int len = n == 0 ? snprintf(name, PATH_MAX, "%s", path)
                     : snprintf(name, PATH_MAX, "%s.%llu", path, (unsigned long long)n);
    return len > 0 && len < PATH_MAX;
}

bool lines_rotate(const char *path, uint64_t files)
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
