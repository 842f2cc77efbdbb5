/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "lib/base/mem.h"

void gad_closep(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static int system_error(struct gad_diag *d, const char *path, const char *what)
{
    int err = errno;
    return gad_fail(d, -err, "%s: cannot %s: %s", path, what, gad_strerror(-err));
}

/* Reads until len bytes are there or the file ends. */
static ssize_t read_full(int fd, uint8_t *p, size_t len)
{
    size_t at = 0;
    while (at < len) {
        ssize_t n = read(fd, p + at, len - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        at += (size_t)n;
    }
    return (ssize_t)at;
}

int gad_file_read(const char *path, size_t max, uint8_t **ret, size_t *ret_len, struct gad_diag *d)
{
    struct stat st;
    /* O_NONBLOCK: opening a FIFO must not wait for a writer; it has no effect on a regular file. */
    gad_cleanup(gad_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0 && errno == ELOOP)
        return gad_fail(d, -ELOOP, "%s: is a symbolic link, which is not followed", path);
    if (fd < 0)
        return system_error(d, path, "open");
    if (fstat(fd, &st) != 0)
        return system_error(d, path, "stat");
    if (!S_ISREG(st.st_mode))
        return gad_fail(d, GAD_EFORMAT, "%s: not a regular file", path);
    if (st.st_size < 0 || (uint64_t)st.st_size > max)
        return gad_fail(d, GAD_ELIMIT, "%s: %lld bytes, the limit is %zu", path,
                        (long long)st.st_size, max);

    size_t len = (size_t)st.st_size;
    gad_cleanup(gad_freep) uint8_t *p = gad_calloc(1, len + 1);
    if (!p)
        return gad_fail(d, GAD_ENOMEM, "%s: no memory for %zu bytes", path, len);
    ssize_t n = read_full(fd, p, len);
    if (n < 0)
        return system_error(d, path, "read");
    if ((size_t)n != len)
        return gad_fail(d, GAD_ETRUNC, "%s: shrank during the read", path);
    *ret = gad_steal(&p);
    *ret_len = len;
    return 0;
}

static int write_full(int fd, const uint8_t *p, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

/* A rename is on disk only when its directory is. */
static int sync_directory(const char *path)
{
    char dir[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) : 0;

    if (len >= sizeof(dir))
        return -1;
    memcpy(dir, path, len);
    dir[len] = '\0';
    if (len == 0)
        (void)snprintf(dir, sizeof(dir), "%s", slash ? "/" : ".");
    gad_cleanup(gad_closep) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -1 : fsync(fd);
}

/* Writes a complete temporary file beside f->path. On failure it is deleted. */
static int stage(const struct gad_file_content *f, char tmp[static PATH_MAX], struct gad_diag *d)
{
    struct stat st;

    tmp[0] = '\0';
    if (lstat(f->path, &st) == 0 && S_ISDIR(st.st_mode))
        return gad_fail(d, -EISDIR, "%s: is a directory", f->path);
    if (stat(f->path, &st) == 0 && !S_ISREG(st.st_mode)) /* root would replace /dev/null */
        return gad_fail(d, GAD_EINVAL, "%s: is not a regular file", f->path);
    if ((size_t)snprintf(tmp, PATH_MAX, "%s.XXXXXX", f->path) >= PATH_MAX) {
        tmp[0] = '\0';
        return gad_fail(d, GAD_ELIMIT, "%s: path too long", f->path);
    }
    gad_cleanup(gad_closep) int fd = mkostemp(tmp, O_CLOEXEC);
    if (fd < 0) {
        tmp[0] = '\0';
        return system_error(d, f->path, "create a temporary file beside it");
    }
    mode_t mask = umask(0);
    (void)umask(mask);
    if (fchmod(fd, 0644 & ~mask) == 0 && write_full(fd, f->p, f->len) == 0 && fsync(fd) == 0)
        return 0;
    int err = errno;
    (void)unlink(tmp);
    tmp[0] = '\0';
    return gad_fail(d, -err, "%s: cannot write: %s", f->path, gad_strerror(-err));
}

static int put_in_place(const struct gad_file_content *f, char tmp[static PATH_MAX],
                        struct gad_diag *d)
{
    if (rename(tmp, f->path) != 0)
        return system_error(d, f->path, "write");
    tmp[0] = '\0';
    return sync_directory(f->path) == 0 ? 0 : system_error(d, f->path, "sync its directory");
}

int gad_file_write_set(size_t n, const struct gad_file_content *file, struct gad_diag *d)
{
    gad_cleanup(gad_freep) char *tmp = gad_calloc(n, PATH_MAX);
    int err = 0;

    if (!tmp)
        return GAD_ENOMEM;
    for (size_t i = 0; err == 0 && i < n; i++)
        err = stage(&file[i], tmp + i * PATH_MAX, d);
    for (size_t i = 0; err == 0 && i < n; i++)
        err = put_in_place(&file[i], tmp + i * PATH_MAX, d);
    for (size_t i = 0; i < n; i++)
        if (tmp[i * PATH_MAX] != '\0')
            (void)unlink(tmp + i * PATH_MAX);
    return err;
}

int gad_file_write_atomic(const char *path, const void *p, size_t len, struct gad_diag *d)
{
    const struct gad_file_content file = {path, p, len};

    return gad_file_write_set(1, &file, d);
}
