/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Restores files that someone else deleted, renamed or replaced while the spool is open, so that
 * the records in them are delivered. These are the group, the active segment (by its descriptor),
 * and all segments of a directory that was only renamed.
 *
 * The order protects against a crash in between: first the state, whose number is above that of
 * every record, then the segments. A start after the crash therefore uses unused numbers.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/spool/parts.h"

enum { COPY = 64 << 10, LOOKS = 256 /* sealed segments checked at a time */ };

static const struct gad_time look_every = {1000000000};

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Whether the name in the directory is still the file of the descriptor. True if that cannot be
 * determined. */
static bool is_there(int directory, const char *name, int fd)
{
    struct stat by_name, by_fd;

    if (fstat(fd, &by_fd) != 0)
        return true;
    if (fstatat(directory, name, &by_name, AT_SYMLINK_NOFOLLOW) != 0)
        return errno != ENOENT;
    return same_file(&by_name, &by_fd);
}

static bool directory_is_there(const struct gad_spool *s)
{
    struct stat by_path, by_fd;

    if (fstat(s->directory.fd, &by_fd) != 0)
        return true;
    if (stat(s->path, &by_path) != 0)
        return errno != ENOENT && errno != ENOTDIR;
    return same_file(&by_path, &by_fd);
}

static void note(struct gad_spool *s, unsigned what)
{
    if (s->mending == 0) {
        s->mended++;
        s->missed = 0;
    }
    s->mending |= what;
    s->missed |= what;
}

/* Copies the first @len bytes of a segment to a new file in @directory. */
static int copy_segment(const struct gad_spool *s, int from, uint64_t len, int directory,
                        const char *name)
{
    enum { FLAGS = O_RDWR | O_CREAT | O_EXCL };
    gad_cleanup(gad_freep) uint8_t *p = gad_calloc(1, COPY);
    int r = 0;

    if (!p)
        return GAD_ENOMEM;
    int fd = s->io->open(s->io->arg, directory, name, FLAGS);
    if (fd < 0 && errno == EEXIST && s->io->unlink(s->io->arg, directory, name) == 0)
        fd = s->io->open(s->io->arg, directory, name, FLAGS);
    if (fd < 0)
        return -errno;
    for (uint64_t at = 0; r == 0 && at < len;) {
        size_t want = len - at < COPY ? (size_t)(len - at) : COPY;
        ssize_t n = gad_spool_pread(from, p, want, at);
        r = n < 0 ? (int)n : n == 0 ? -EIO : gad_spool_write(s, fd, p, (size_t)n, at);
        at += n > 0 ? (size_t)n : 0;
    }
    if (r == 0 && s->o.sync != GAD_SPOOL_NEVER && s->io->sync(s->io->arg, fd) != 0)
        r = -errno;
    (void)close(fd);
    if (r != 0)
        (void)s->io->unlink(s->io->arg, directory, name);
    return r;
}

/* Copies the active segment into @directory and seals it: another process may have the old file. */
static int save_active(struct gad_spool *s, int directory)
{
    char name[GAD_SPOOL_FILE_NAME];

    if (s->fd < 0)
        return 0;
    if (s->at == GAD_SPOOL_HEAD) {
        gad_spool_discard_empty(s, false);
        return 0;
    }
    gad_spool_segment_name(s->directory.seg[s->directory.n - 1].first, name);
    int r = copy_segment(s, s->fd, s->at, directory, name);
    if (r == 0)
        gad_spool_seal(s);
    return r;
}

/* Removes segment i from the list. Readers that do not have it open lose its records. */
static void lose_segment(struct gad_spool *s, size_t i)
{
    struct gad_spool_directory *f = &s->directory;
    uint64_t behind = i + 1 < f->n ? f->seg[i + 1].first : s->end;

    gad_spool_gaps_add(&s->state.gaps, f->seg[i].first, behind, GAD_SPOOL_LOST);
    s->state.totals.removed++;
    f->n--;
    memmove(&f->seg[i], &f->seg[i + 1], (f->n - i) * sizeof(f->seg[0]));
    s->state_changed = true;
}

/* Links or copies a segment of a directory that was renamed or covered by a mount. The old
 * directory keeps its file. */
static int carry(const struct gad_spool *s, const struct gad_spool_segment *seg, int to)
{
    char name[GAD_SPOOL_FILE_NAME];
    int fd = -1;

    gad_spool_segment_name(seg->first, name);
    bool linked = linkat(s->directory.fd, name, to, name, 0) == 0;
    if (!linked && errno == EEXIST && unlinkat(to, name, 0) == 0)
        linked = linkat(s->directory.fd, name, to, name, 0) == 0;
    if (linked)
        return 0;
    int r = gad_spool_segment_open(s->directory.fd, seg->first, &fd);
    if (r != 0)
        return r;
    r = copy_segment(s, fd, seg->bytes, to, name);
    (void)close(fd);
    return r;
}

/* All segments but the active one. A deleted segment is lost; after another failure the next commit
 * retries. */
static int carry_sealed(struct gad_spool *s, int to)
{
    struct gad_spool_directory *f = &s->directory;

    for (size_t i = f->n - (s->fd >= 0); i-- > 0;) {
        int r = carry(s, &f->seg[i], to);
        if (r == -ENOENT) {
            lose_segment(s, i);
            note(s, GAD_SPOOL_MISSED_OTHER);
        } else if (r != 0) {
            return r;
        }
    }
    return 0;
}

/* Writes both slots, so that no older one remains. */
static int store_state(struct gad_spool *s, int directory)
{
    int r = gad_spool_state_store(s, s->next + GAD_SPOOL_RESERVE, true);

    if (r == 0)
        r = gad_spool_state_store(s, s->next + GAD_SPOOL_RESERVE, true);
    if (r == 0 && s->o.sync != GAD_SPOOL_NEVER && s->io->sync(s->io->arg, directory) != 0)
        r = -errno;
    return r;
}

/* Whether a segment in @directory is ours: from an earlier attempt, or a copy. */
static bool is_ours(const struct gad_spool *s, int directory, uint64_t first)
{
    uint8_t head[GAD_SPOOL_HEAD];
    struct gad_spool_head h;
    bool known = false;
    int fd = -1;

    for (size_t k = 0; !known && k < s->directory.n; k++)
        known = s->directory.seg[k].first == first;
    if (!known || gad_spool_segment_open(directory, first, &fd) != 0)
        return false;
    ssize_t n = gad_spool_pread(fd, head, sizeof(head), 0);
    (void)close(fd);
    return n == GAD_SPOOL_HEAD && gad_spool_head_read(head, (size_t)n, &h) == 0 &&
           h.salt == s->salt && h.first == first;
}

/* Returns 0 if the directory belongs to us or to root and has no segments of another spool. */
static int check_directory(const struct gad_spool *s, int fd)
{
    struct gad_spool_directory there = {.fd = dup(fd)};
    struct stat st;
    int r = 0;

    if (there.fd < 0 || fstat(fd, &st) != 0)
        r = -errno;
    else if (st.st_uid != geteuid() && st.st_uid != 0)
        r = -EPERM;
    if (r == 0)
        r = gad_spool_directory_list(&there, NULL);
    for (size_t i = 0; r == 0 && i < there.n; i++)
        if (!is_ours(s, fd, there.seg[i].first))
            r = -EEXIST;
    gad_spool_directory_deinit(&there);
    return r;
}

static int mend_directory(struct gad_spool *s)
{
    int fd = -1, state_fd = -1;

    if (mkdir(s->path, 0750) != 0 && errno != EEXIST)
        return -errno;
    int r = gad_spool_directory_open(s->path, &fd, NULL);
    if (r == 0)
        r = gad_spool_state_open(s, fd, &state_fd);
    if (r == 0)
        r = check_directory(s, fd);
    if (r == 0) {
        int old = s->state_fd;
        s->state_fd = state_fd;
        r = store_state(s, fd);
        if (r == 0)
            r = carry_sealed(s, fd);
        if (r == 0)
            r = save_active(s, fd);
        s->state_fd = r == 0 ? state_fd : old;
        state_fd = r == 0 ? old : state_fd;
    }
    if (r == 0) {
        int old = s->directory.fd;
        s->directory.fd = fd;
        fd = old;
        note(s, GAD_SPOOL_MISSED_DIRECTORY);
        s->state_changed = true;
    }
    /* closes the old one and releases its lock, or discards the new one */
    if (state_fd >= 0)
        (void)close(state_fd);
    if (fd >= 0)
        (void)close(fd);
    return r;
}

static int mend_state(struct gad_spool *s)
{
    int fd = -1, old = s->state_fd;

    int r = gad_spool_state_open(s, s->directory.fd, &fd);
    if (r != 0)
        return r;
    s->state_fd = fd;
    r = store_state(s, s->directory.fd);
    if (r != 0) {
        s->state_fd = old;
        (void)close(fd);
        return r;
    }
    (void)close(old);
    note(s, GAD_SPOOL_MISSED_STATE);
    return 0;
}

static int mend_active(struct gad_spool *s)
{
    int r = save_active(s, s->directory.fd);

    if (r == 0)
        note(s, GAD_SPOOL_MISSED_ACTIVE);
    return r;
}

/* Checks some of the sealed segments in turn, once a second. */
static void look_for_sealed(struct gad_spool *s, struct gad_time now)
{
    struct gad_spool_directory *f = &s->directory;
    size_t n = f->n - (s->fd >= 0), looks = n < LOOKS ? n : LOOKS;
    char name[GAD_SPOOL_FILE_NAME];

    if (gad_time_sub(now, s->looked).ns < look_every.ns)
        return;
    s->looked = now;
    for (; looks > 0; looks--) {
        size_t i = s->look_at < n ? s->look_at : 0;
        gad_spool_segment_name(f->seg[i].first, name);
        if (faccessat(f->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT) {
            s->look_at = i + 1;
            continue;
        }
        lose_segment(s, i);
        note(s, GAD_SPOOL_MISSED_OTHER);
        s->look_at = i;
        n--;
    }
}

int gad_spool_mend(struct gad_spool *s, struct gad_time now)
{
    char name[GAD_SPOOL_FILE_NAME];
    int r = 0;

    s->mending = 0;
    if (!directory_is_there(s))
        r = mend_directory(s);
    if (r == 0 && !is_there(s->directory.fd, GAD_SPOOL_STATE_NAME, s->state_fd))
        r = mend_state(s);
    if (r == 0 && s->fd >= 0) {
        gad_spool_segment_name(s->directory.seg[s->directory.n - 1].first, name);
        if (!is_there(s->directory.fd, name, s->fd))
            r = mend_active(s);
    }
    if (r == 0)
        look_for_sealed(s, now);
    return r;
}
