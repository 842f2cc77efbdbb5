/* SPDX-License-Identifier: Apache-2.0 */
/* The files of the spool: begins, seals and deletes segments, writes the state, and decides which
 * segments the cursors and the quota still need. */
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/spool/parts.h"

int gad_spool_write(const struct gad_spool *s, int fd, const void *p, size_t len, uint64_t at)
{
    size_t done = 0;

    while (done < len) {
        ssize_t n = s->io->pwrite(s->io->arg, fd, (const uint8_t *)p + done, len - done, at + done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -ENOSPC;
        done += (size_t)n;
    }
    return 0;
}

void gad_spool_seal(struct gad_spool *s)
{
    if (s->fd >= 0)
        (void)close(s->fd);
    s->fd = -1;
    s->at = 0;
    s->unsynced = false;
}

void gad_spool_discard_empty(struct gad_spool *s, bool remove)
{
    struct gad_spool_directory *f = &s->directory;
    char name[GAD_SPOOL_FILE_NAME];

    gad_spool_segment_name(f->seg[f->n - 1].first, name);
    gad_spool_seal(s);
    if (remove)
        (void)s->io->unlink(s->io->arg, f->fd, name); /* on failure, create() unlinks it later */
    f->n--;
    s->state.unused_from = s->head.unused_from;
    s->state.unused_to = s->head.unused_to;
    s->state.guessed = (s->head.flags & GAD_SPOOL_GUESSED) != 0;
}

/* A file with that name is one that could not be deleted before: opening listed all others. */
static int create(struct gad_spool *s, const char *name)
{
    enum { FLAGS = O_RDWR | O_CREAT | O_EXCL };
    int fd = s->io->open(s->io->arg, s->directory.fd, name, FLAGS);

    if (fd < 0 && errno == EEXIST && s->io->unlink(s->io->arg, s->directory.fd, name) == 0)
        fd = s->io->open(s->io->arg, s->directory.fd, name, FLAGS);
    return fd < 0 ? -errno : fd;
}

int gad_spool_begin_segment(struct gad_spool *s, uint64_t first, int64_t created, bool sync)
{
    struct gad_spool_directory *f = &s->directory;
    const struct gad_spool_head h = {.first = first,
                                     .unused_from = s->state.unused_from,
                                     .unused_to = s->state.unused_to,
                                     .created = created,
                                     .salt = s->salt,
                                     .flags = s->state.guessed ? GAD_SPOOL_GUESSED : 0};
    char name[GAD_SPOOL_FILE_NAME];
    uint8_t bytes[GAD_SPOOL_HEAD];

    int r = gad_spool_directory_grow(f);
    if (r != 0)
        return r;
    if (f->n == GAD_SPOOL_SEGMENTS)
        return GAD_ELIMIT;
    gad_spool_segment_name(first, name);
    gad_spool_head_write(&h, bytes);
    int fd = create(s, name);
    if (fd < 0)
        return fd;
    s->fd = fd;
    s->at = sizeof(bytes);
    s->head = h;
    f->seg[f->n++] = (struct gad_spool_segment){first, sizeof(bytes)};
    r = gad_spool_write(s, fd, bytes, sizeof(bytes), 0);
    if (r == 0 && sync && (s->io->sync(s->io->arg, fd) != 0 || s->io->sync(s->io->arg, f->fd) != 0))
        r = -errno;
    if (r != 0) {
        gad_spool_discard_empty(s, true);
        return r;
    }
    s->state.unused_from = s->state.unused_to = 0; /* the head has them now */
    s->state.guessed = false;
    return 0;
}

/* Whether the name in the directory is the file of the descriptor. */
static bool is_same(int directory, const char *name, int fd)
{
    struct stat by_name, by_fd;

    return fstatat(directory, name, &by_name, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, &by_fd) == 0 &&
           by_name.st_dev == by_fd.st_dev && by_name.st_ino == by_fd.st_ino;
}

int gad_spool_state_open(const struct gad_spool *s, int directory, int *ret)
{
    struct stat st;
    int r = 0;

    int fd = s->io->open(s->io->arg, directory, GAD_SPOOL_STATE_NAME, O_RDWR | O_CREAT);
    if (fd < 0 || fstat(fd, &st) != 0)
        r = -errno;
    else if (!S_ISREG(st.st_mode))
        r = GAD_EFORMAT;
    if (r == 0 && flock(fd, LOCK_EX | LOCK_NB) != 0)
        r = -errno;
    /* A file that was deleted before it was locked protects nothing. */
    if (r == 0 && !is_same(directory, GAD_SPOOL_STATE_NAME, fd))
        r = -EAGAIN;
    if (r != 0 && fd >= 0)
        (void)close(fd);
    if (r == 0)
        *ret = fd;
    return r;
}

int gad_spool_state_store(struct gad_spool *s, uint64_t reserved, bool sync)
{
    uint8_t slot[GAD_SPOOL_SLOT];
    unsigned to = 1 - s->synced_slot;
    uint64_t old = s->state.reserved;

    s->state.next = s->next;
    s->state.reserved = reserved;
    s->state.generation++;
    gad_spool_slot_write(&s->state, slot);
    int r = gad_spool_write(s, s->state_fd, slot, sizeof(slot), to * (uint64_t)GAD_SPOOL_SLOT);
    if (r == 0 && sync && s->io->sync(s->io->arg, s->state_fd) != 0)
        r = -errno;
    if (r != 0) {
        s->state.reserved = old;
        s->state.totals.failures++;
        return r;
    }
    if (sync)
        s->synced_slot = to;
    s->stored_next = s->next;
    s->state_changed = false;
    return 0;
}

int gad_spool_state_keep(struct gad_spool *s)
{
    if (s->next > s->state.reserved) /* drops alone used up the reserved numbers */
        return gad_spool_state_store(s, s->next + GAD_SPOOL_RESERVE, true);
    return gad_spool_state_store(s, s->state.reserved, s->o.sync != GAD_SPOOL_NEVER);
}

int gad_spool_reserve(struct gad_spool *s)
{
    if (s->next + GAD_SPOOL_RESERVE / 2 <= s->state.reserved)
        return 0;
    int r = gad_spool_state_store(s, s->next + GAD_SPOOL_RESERVE, true);
    /* while reserved numbers are left, the group can be written */
    return s->next <= s->state.reserved ? 0 : r;
}

static uint64_t n_bytes(const struct gad_spool *s)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < s->directory.n; i++)
        if (__builtin_add_overflow(sum, s->directory.seg[i].bytes, &sum))
            return UINT64_MAX; /* sparse files made by another program */
    return sum;
}

/* Deletes the n oldest segments. Returns how many were deleted. */
static size_t delete_oldest(struct gad_spool *s, size_t n)
{
    struct gad_spool_directory *f = &s->directory;
    char name[GAD_SPOOL_FILE_NAME];
    size_t deleted = 0;

    for (; deleted < n; deleted++) {
        gad_spool_segment_name(f->seg[deleted].first, name);
        if (s->io->unlink(s->io->arg, f->fd, name) != 0 && errno != ENOENT)
            break;
    }
    f->n -= deleted;
    memmove(f->seg, f->seg + deleted, f->n * sizeof(f->seg[0]));
    return deleted;
}

/* Segments that can be deleted: all but the active one. */
static size_t n_sealed(const struct gad_spool *s)
{
    return s->directory.n - (s->fd >= 0);
}

/* Whether the last segment can be deleted. It shows where the numbers end, so the state must have
 * that number first. */
static bool end_is_stored(struct gad_spool *s)
{
    return s->stored_next >= s->end || gad_spool_state_keep(s) == 0;
}

/* The smallest number that a cursor waits for; 0: the spool has no cursors. */
static uint64_t least_wanted(const struct gad_spool *s)
{
    uint64_t least = 0;

    for (int i = 0; i < GAD_SPOOL_CURSORS; i++) {
        const struct gad_spool_cursor *c = &s->state.cursor[i];
        if (c->name[0] != '\0' && (least == 0 || c->next < least))
            least = c->next;
    }
    return least;
}

bool gad_spool_all_done(const struct gad_spool *s)
{
    return least_wanted(s) >= s->end;
}

void gad_spool_retire(struct gad_spool *s)
{
    uint64_t wanted = least_wanted(s);
    size_t n = 0;

    while (n < n_sealed(s)) {
        bool last = n + 1 == s->directory.n;
        uint64_t behind = last ? s->end : s->directory.seg[n + 1].first;
        if (behind > wanted || (last && s->directory.seg[n].bytes == GAD_SPOOL_HEAD))
            break; /* only this head names the skipped numbers */
        if (last && !end_is_stored(s))
            break;
        n++;
    }
    uint64_t oldest = s->directory.n > 0 ? s->directory.seg[0].first : s->end;
    gad_spool_gaps_forget(&s->state.gaps, wanted > 0 ? wanted : oldest);
    if (n > 0)
        (void)delete_oldest(s, n);
}

int gad_spool_evict(struct gad_spool *s, uint64_t more)
{
    uint64_t before = n_bytes(s), after = before;
    size_t n = 0;

    while (n < n_sealed(s) && (after > s->o.quota || s->o.quota - after < more) &&
           (n + 1 < s->directory.n || end_is_stored(s)))
        after -= s->directory.seg[n++].bytes;
    if (n == 0)
        return 0;
    size_t deleted = delete_oldest(s, n);
    s->state.totals.evicted += deleted;
    s->state.totals.evicted_bytes += before - n_bytes(s);
    s->state_changed = true;
    return deleted == n ? 0 : -EDQUOT;
}

int gad_spool_cursor(struct gad_spool *s, const char *name, bool from_oldest, unsigned *ret)
{
    size_t len = strlen(name);
    unsigned at = GAD_SPOOL_CURSORS;

    if (len == 0 || len >= GAD_SPOOL_NAME)
        return GAD_EINVAL;
    for (unsigned i = GAD_SPOOL_CURSORS; i-- > 0;) {
        if (strcmp(s->state.cursor[i].name, name) == 0) {
            *ret = i;
            return 0;
        }
        if (s->state.cursor[i].name[0] == '\0')
            at = i;
    }
    if (at == GAD_SPOOL_CURSORS)
        return GAD_ELIMIT;
    struct gad_spool_cursor *c = &s->state.cursor[at];
    *c = (struct gad_spool_cursor){.next = s->end};
    if (from_oldest && s->directory.n > 0 && s->directory.seg[0].first < s->end)
        c->next = s->directory.seg[0].first;
    memcpy(c->name, name, len);
    s->state_changed = true;
    *ret = at;
    return 0;
}

void gad_spool_cursor_remove(struct gad_spool *s, unsigned cursor)
{
    gad_assert(cursor < GAD_SPOOL_CURSORS);
    s->state.cursor[cursor] = (struct gad_spool_cursor){0};
    s->state_changed = true;
}

const struct gad_spool_cursor *gad_spool_cursor_at(const struct gad_spool *s, unsigned cursor)
{
    return cursor < GAD_SPOOL_CURSORS && s->state.cursor[cursor].name[0] != '\0'
               ? &s->state.cursor[cursor]
               : NULL;
}

struct gad_spool_share gad_spool_cursor_share(const struct gad_spool_cursor *c,
                                              const struct gad_spool_gaps *gaps, uint64_t oldest,
                                              uint64_t end)
{
    const struct gad_spool_place place = {.next = c->next, .gone = c->next, .known = c->next};
    return gad_spool_gaps_share(gaps, oldest, end, &place);
}

void gad_spool_ack(struct gad_spool *s, unsigned cursor, uint64_t next, uint64_t lost)
{
    gad_assert(gad_spool_cursor_at(s, cursor) != NULL && next <= s->next);
    struct gad_spool_cursor *c = &s->state.cursor[cursor];

    c->lost += lost;
    if (next > c->next)
        c->next = next;
    s->state_changed = true;
}

void gad_spool_status(const struct gad_spool *s, struct gad_spool_status *ret)
{
    *ret =
        (struct gad_spool_status){.totals = s->state.totals,
                                  .bytes = n_bytes(s),
                                  .n_segments = s->directory.n,
                                  .oldest = s->directory.n > 0 ? s->directory.seg[0].first : s->end,
                                  .end = s->end,
                                  .next = s->next,
                                  .waiting = s->group_len,
                                  .failure = s->failure,
                                  .mended = s->mended,
                                  .missed = s->missed,
                                  .gaps = s->state.gaps};
}
