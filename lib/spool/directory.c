/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/spool/directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "lib/spool/format.h"

enum { FILE_MODE = 0640 };

static int system_open(void *arg, int dir, const char *name, int flags)
{
    (void)arg;
    return openat(dir, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, FILE_MODE);
}

static ssize_t system_pwrite(void *arg, int fd, const void *p, size_t len, uint64_t at)
{
    (void)arg;
    return pwrite(fd, p, len, (off_t)at);
}

static int system_sync(void *arg, int fd)
{
    (void)arg;
    return fdatasync(fd);
}

static int system_truncate(void *arg, int fd, uint64_t len)
{
    (void)arg;
    return ftruncate(fd, (off_t)len);
}

static int system_unlink(void *arg, int dir, const char *name)
{
    (void)arg;
    return unlinkat(dir, name, 0);
}

const struct gad_spool_io gad_spool_system = {.open = system_open,
                                              .pwrite = system_pwrite,
                                              .sync = system_sync,
                                              .truncate = system_truncate,
                                              .unlink = system_unlink};

int gad_spool_directory_open(const char *path, int *ret, struct gad_diag *d)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0) {
        int err = errno;
        return gad_fail(d, -err, "%s: cannot open the directory: %s", path, gad_strerror(-err));
    }
    *ret = fd;
    return 0;
}

static void closedirp(DIR **dir)
{
    if (*dir)
        (void)closedir(*dir);
}

/* Opens another descriptor, because a stream owns its descriptor and moves its position in the
 * directory. */
static DIR *stream(int fd)
{
    int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = own >= 0 ? fdopendir(own) : NULL;

    if (own >= 0 && !dir) {
        int err = errno;
        (void)close(own);
        errno = err;
    }
    return dir;
}

int gad_spool_directory_grow(struct gad_spool_directory *f)
{
    if (f->n < f->cap)
        return 0;
    size_t cap = f->cap ? 2 * f->cap : 64; /* n <= GAD_SPOOL_SEGMENTS */
    struct gad_spool_segment *seg = gad_realloc_array(f->seg, cap, sizeof(*seg));
    if (!seg)
        return GAD_ENOMEM;
    f->seg = seg;
    f->cap = cap;
    return 0;
}

static int by_first(const void *a, const void *b)
{
    const struct gad_spool_segment *x = a, *y = b;
    return (x->first > y->first) - (x->first < y->first);
}

static int take_entry(struct gad_spool_directory *f, const char *name, struct gad_diag *d)
{
    struct stat st;
    uint64_t first;

    if (name[0] == '.' || strcmp(name, GAD_SPOOL_STATE_NAME) == 0)
        return 0;
    if (!gad_spool_segment_number(name, &first) ||
        fstatat(f->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode)) {
        f->n_foreign++;
        return 0;
    }
    if (f->n == GAD_SPOOL_SEGMENTS)
        return gad_fail(d, GAD_ELIMIT, "more than %d segments", GAD_SPOOL_SEGMENTS);
    int r = gad_spool_directory_grow(f);
    if (r != 0)
        return gad_fail(d, r, "no memory for the list of segments");
    f->seg[f->n++] = (struct gad_spool_segment){first, st.st_size < 0 ? 0 : (uint64_t)st.st_size};
    return 0;
}

int gad_spool_directory_list(struct gad_spool_directory *f, struct gad_diag *d)
{
    gad_cleanup(closedirp) DIR *dir = stream(f->fd);
    const struct dirent *e;
    int r = 0;

    while (r == 0 && dir && (errno = 0, e = readdir(dir)) != NULL)
        r = take_entry(f, e->d_name, d);
    if (!dir || (r == 0 && errno != 0)) {
        int err = errno;
        return gad_fail(d, -err, "cannot read the directory: %s", gad_strerror(-err));
    }
    if (r == 0 && f->n > 0)
        qsort(f->seg, f->n, sizeof(f->seg[0]), by_first);
    return r;
}

void gad_spool_directory_deinit(struct gad_spool_directory *f)
{
    if (f->fd >= 0)
        (void)close(f->fd);
    gad_free(f->seg);
    *f = (struct gad_spool_directory){.fd = -1};
}

/* Finds the first number of a segment nearest to @seq: above it, or not above it. */
static int nearest(int fd, uint64_t seq, bool above, uint64_t *ret)
{
    gad_cleanup(closedirp) DIR *dir = stream(fd);
    const struct dirent *e;
    uint64_t first, best = 0;

    while (dir && (errno = 0, e = readdir(dir)) != NULL) {
        if (!gad_spool_segment_number(e->d_name, &first))
            continue;
        if (above ? first > seq && (best == 0 || first < best) : first <= seq && first > best)
            best = first;
    }
    if (!dir || errno != 0)
        return -errno;
    if (best == 0)
        return GAD_END;
    *ret = best;
    return 0;
}

int gad_spool_directory_successor(int fd, uint64_t above, uint64_t *ret)
{
    return nearest(fd, above, true, ret);
}

int gad_spool_directory_holder(int fd, uint64_t seq, uint64_t *ret)
{
    return nearest(fd, seq, false, ret);
}

int gad_spool_segment_open(int directory, uint64_t first, int *ret)
{
    char name[GAD_SPOOL_FILE_NAME];
    struct stat st;

    gad_spool_segment_name(first, name);
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        (void)close(fd);
        return GAD_EINVAL;
    }
    *ret = fd;
    return 0;
}

ssize_t gad_spool_pread(int fd, void *p, size_t len, uint64_t at)
{
    size_t got = 0;

    while (got < len) {
        ssize_t n = pread(fd, (uint8_t *)p + got, len - got, (off_t)(at + got));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

int gad_spool_state_load(int fd, struct gad_spool_state *ret, unsigned *ret_slot,
                         unsigned *ret_whole)
{
    uint8_t p[GAD_SPOOL_STATE + 1]; /* one byte more, to detect a longer file, which is not ours */
    ssize_t n = gad_spool_pread(fd, p, sizeof(p), 0);

    if (n < 0)
        return (int)n;
    if (n == 0)
        return GAD_END;
    return gad_spool_state_read(p, (size_t)n, ret, ret_slot, ret_whole);
}
