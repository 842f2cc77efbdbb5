/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/spool/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "lib/spool/directory.h"
#include "lib/spool/scan.h"

struct gad_spool_reader {
    char *path;
    struct gad_spool_gaps gaps; /* unused numbers known so far */
    int directory, fd;          /* fd: the segment; -1: none open */
    uint64_t next;              /* the number to read next */
    /* first number of the segment that is or was open; 0: find the one that holds next */
    uint64_t segment;
    uint64_t fresh;   /* the buffer was filled when this was the limit, or later */
    uint64_t refused; /* the segment that could not be opened; 0: no such segment */
    uint64_t ceiling; /* if sealed: numbers from here on are in later segments */
    bool sealed;      /* a later segment exists, so the open one receives no more records */
    struct gad_spool_scan scan;
    uint8_t buf[GAD_SPOOL_SCAN_BUF];
};

int gad_spool_reader_open(const char *directory, uint64_t next, struct gad_spool_reader **ret,
                          struct gad_diag *d)
{
    gad_cleanup(gad_spool_reader_closep) struct gad_spool_reader *r = gad_calloc(1, sizeof(*r));

    if (!r)
        return gad_fail(d, GAD_ENOMEM, "no memory");
    r->fd = r->directory = -1;
    r->path = gad_calloc(1, strlen(directory) + 1);
    if (!r->path)
        return gad_fail(d, GAD_ENOMEM, "no memory");
    memcpy(r->path, directory, strlen(directory));
    int err = gad_spool_directory_open(directory, &r->directory, d);
    if (err != 0)
        return err;
    gad_spool_reader_seek(r, next);
    *ret = gad_steal(&r);
    return 0;
}

static void leave(struct gad_spool_reader *r)
{
    if (r->fd < 0)
        return;
    (void)close(r->fd);
    r->fd = -1;
}

void gad_spool_reader_close(struct gad_spool_reader *r)
{
    if (!r)
        return;
    leave(r);
    if (r->directory >= 0)
        (void)close(r->directory);
    gad_free(r->path);
    gad_free(r);
}

void gad_spool_reader_know(struct gad_spool_reader *r, const struct gad_spool_gaps *gaps)
{
    r->gaps = *gaps;
}

void gad_spool_reader_seek(struct gad_spool_reader *r, uint64_t next)
{
    leave(r);
    r->next = next > 0 ? next : 1;
    r->segment = r->refused = 0;
    r->fresh = 0;
}

uint64_t gad_spool_reader_at(const struct gad_spool_reader *r)
{
    return r->next;
}

void gad_spool_reader_give_up(struct gad_spool_reader *r)
{
    if (r->fd < 0 && r->refused > 0)
        r->segment = r->refused;
    r->refused = 0;
    leave(r);
}

/* Numbers r->next .. end - 1 are missing: returns the first part of them that is of one kind. */
static int lose(struct gad_spool_reader *r, uint64_t end, bool at_end, struct gad_spool_item *ret)
{
    enum gad_spool_gap_kind kind;
    uint64_t to = gad_spool_gaps_part(&r->gaps, r->next, end, &kind);

    *ret = (struct gad_spool_item){.seq = r->next,
                                   .end = to,
                                   .at_most = kind == GAD_SPOOL_MAYBE,
                                   .unused = kind == GAD_SPOOL_UNUSED,
                                   .at_end = at_end && kind != GAD_SPOOL_UNUSED};
    r->next = to;
    return 0;
}

static int same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Whether the open segment is still the file of that name. */
static bool is_current(const struct gad_spool_reader *r)
{
    char name[GAD_SPOOL_FILE_NAME];
    struct stat by_name, by_fd;

    gad_spool_segment_name(r->segment, name);
    return fstatat(r->directory, name, &by_name, AT_SYMLINK_NOFOLLOW) == 0 &&
           fstat(r->fd, &by_fd) == 0 && same(&by_name, &by_fd);
}

/* Checks, before a loss up to the limit is reported, whether the directory or the segment was
 * deleted and recreated. Returns 0: nothing has changed; GAD_MORE: read again; -errno: the
 * directory cannot be opened now. */
static int refresh(struct gad_spool_reader *r)
{
    struct stat by_path, by_fd;
    int fd = -1, r_more = 0;

    if (stat(r->path, &by_path) != 0)
        return -errno;
    if (fstat(r->directory, &by_fd) != 0 || !same(&by_path, &by_fd)) {
        int err = gad_spool_directory_open(r->path, &fd, NULL);
        if (err != 0)
            return err;
        (void)close(r->directory);
        r->directory = fd;
        r_more = GAD_MORE;
    }
    if (r->fd >= 0 ? !is_current(r) : r_more != 0) {
        leave(r);
        r->segment = 0;
        r_more = GAD_MORE;
    }
    return r_more;
}

/* The writer has committed records up to the limit, and the reader finds no more. */
static int lose_to_limit(struct gad_spool_reader *r, uint64_t limit, struct gad_spool_item *ret)
{
    int err = refresh(r);
    return err == 0 ? lose(r, limit, true, ret) : err;
}

/* Adds the unused numbers in the head of a segment to the list, unless the list has them. */
static void take_head(struct gad_spool_reader *r, const struct gad_spool_head *h)
{
    if (h->unused_to <= r->next && h->unused_from <= r->next)
        return;
    bool known = h->unused_from < h->unused_to &&
                 gad_spool_gaps_count(&r->gaps, h->unused_from, h->unused_to, GAD_SPOOL_UNUSED) ==
                     h->unused_to - h->unused_from;
    if (known)
        return;
    gad_spool_gaps_add(&r->gaps, h->unused_from, h->unused_to, GAD_SPOOL_UNUSED);
    if ((h->flags & GAD_SPOOL_GUESSED) != 0)
        gad_spool_gaps_add(&r->gaps, r->next, h->unused_from, GAD_SPOOL_MAYBE);
}

/* Finds the first number of the segment to continue with. GAD_END: no such segment. */
static int choose(const struct gad_spool_reader *r, uint64_t *ret)
{
    if (r->segment != 0)
        return gad_spool_directory_successor(r->directory, r->segment, ret);
    int err = gad_spool_directory_holder(r->directory, r->next, ret);
    return err == GAD_END ? gad_spool_directory_successor(r->directory, r->next, ret) : err;
}

/* Opens the next segment. Returns 0: it is open, or was skipped, so continue; GAD_END: no segment
 * below the limit. */
static int enter(struct gad_spool_reader *r, uint64_t limit)
{
    uint8_t head[GAD_SPOOL_HEAD];
    struct gad_spool_head h;
    uint64_t first = 0;
    int fd = -1;

    int err = choose(r, &first);
    if (err != 0 || first >= limit)
        return err != 0 ? err : GAD_END;
    err = gad_spool_segment_open(r->directory, first, &fd);
    if (err == -ENOENT) { /* deleted since it was listed */
        r->segment = first;
        return 0;
    }
    r->refused = first;
    if (err != 0)
        return err;
    ssize_t n = gad_spool_pread(fd, head, sizeof(head), 0);
    err = n < 0 ? (int)n : gad_spool_head_read(head, (size_t)n, &h);
    if (n < 0 || err == GAD_EVERSION) {
        (void)close(fd);
        return err;
    }
    r->refused = 0;
    r->segment = first;
    if (err != 0 || h.first != first) { /* damaged: its numbers will be missing */
        (void)close(fd);
        return 0;
    }
    r->fd = fd;
    gad_spool_scan_begin(&r->scan, fd, h.salt, r->buf);
    r->fresh = limit;
    r->sealed = false;
    take_head(r, &h);
    return 0;
}

/* Checks whether a later segment exists. If one does, it stays so. */
static int look_behind(struct gad_spool_reader *r, uint64_t limit)
{
    uint64_t first = 0;

    if (r->sealed)
        return 0;
    int err = gad_spool_directory_successor(r->directory, r->segment, &first);
    r->sealed = err == 0 && first < limit;
    r->ceiling = first;
    return err < 0 ? err : 0;
}

/* Reads the next record of the open segment. GAD_END: no record below the limit; GAD_MORE:
 * continue. */
static int read_record(struct gad_spool_reader *r, uint64_t limit, struct gad_spool_item *ret)
{
    struct gad_spool_record rec;

    if (r->next >= r->fresh) { /* the writer may have written what was read ahead */
        gad_spool_scan_forget(&r->scan);
        r->fresh = limit;
    }
    int err = gad_spool_scan_next(&r->scan, &rec);
    if (err != 0)
        return err;
    if (rec.seq < r->next)
        return GAD_MORE;
    if (rec.seq > r->next) {
        /* The numbers between are lost, or this record is of a later commit, or misplaced. */
        err = look_behind(r, limit);
        if (err != 0)
            return err;
        if (r->sealed && rec.seq >= r->ceiling)
            return GAD_MORE;
        gad_spool_scan_back(&r->scan);
        return rec.seq < limit ? lose(r, rec.seq, false, ret) : GAD_END;
    }
    *ret = (struct gad_spool_item){.seq = rec.seq,
                                   .end = rec.seq + 1,
                                   .time = {rec.time},
                                   .p = rec.p,
                                   .len = rec.len,
                                   .kind = rec.kind};
    r->next = rec.seq + 1;
    return 0;
}

/* Returns 0 with a record or a loss; GAD_MORE: neither yet. */
static int step(struct gad_spool_reader *r, uint64_t limit, struct gad_spool_item *ret)
{
    int err;

    if (r->fd < 0) {
        err = enter(r, limit);
        return err == GAD_END ? lose_to_limit(r, limit, ret) : err == 0 ? GAD_MORE : err;
    }
    err = read_record(r, limit, ret);
    if (err != GAD_END)
        return err;
    err = look_behind(r, limit);
    if (err != 0)
        return err;
    if (!r->sealed)
        return lose_to_limit(r, limit, ret);
    leave(r);
    return GAD_MORE;
}

int gad_spool_reader_next(struct gad_spool_reader *r, uint64_t limit, struct gad_spool_item *ret)
{
    while (r->next < limit) {
        int err = step(r, limit, ret);
        if (err == -ENOENT) { /* the directory was deleted; another may have its name now */
            int again = refresh(r);
            err = again == 0 ? err : again;
        }
        if (err != GAD_MORE)
            return err;
    }
    return GAD_END;
}

void gad_spool_reader_look(struct gad_spool_reader *r)
{
    uint64_t first = 0;

    if (r->fd < 0 || r->sealed ||
        gad_spool_directory_successor(r->directory, r->segment, &first) != 0)
        return;
    r->sealed = true;
    r->ceiling = first;
}

uint64_t gad_spool_reader_gone(const struct gad_spool_reader *r)
{
    return r->fd < 0 ? r->next : r->sealed ? r->ceiling : UINT64_MAX;
}
