/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens a spool, whatever is in its directory: locks and loads the state, reads the last segment,
 * and works out where the records end and which numbers are free. spool.h says why.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "lib/spool/parts.h"
#include "lib/spool/scan.h"

/* Without a state every number may be in use. Those this far behind the last one found are free. */
#define JUMP (UINT64_C(1) << 32)

enum { RECORD_MIN = GAD_SPOOL_RECORD_HEAD + GAD_SPOOL_ALIGN }; /* bytes of the smallest record */

/* What the last segment contains. */
struct tail {
    /* behind the last whole record, or behind the number in the name of a damaged segment */
    uint64_t end;
    /* behind the last whole record of all segments; == end if the last segment has one */
    uint64_t seen;
    uint64_t good; /* bytes up to there */
    bool head_damaged;
    bool empty;  /* a head and no record; end is its first number */
    bool merged; /* the head of the next segment will repeat what this head says */
};

/* Finds the last number and the last good byte of a segment. Errors are those of reading. */
static int scan_tail(int fd, uint32_t salt, struct tail *t, struct gad_spool_recovery *found)
{
    struct gad_spool_scan scan;
    struct gad_spool_record rec;
    gad_cleanup(gad_freep) uint8_t *buf = gad_calloc(1, GAD_SPOOL_SCAN_BUF);
    int r;

    if (!buf)
        return GAD_ENOMEM;
    gad_spool_scan_begin(&scan, fd, salt, buf);
    while ((r = gad_spool_scan_next(&scan, &rec)) == 0) {
        t->good = scan.at;
        if (rec.seq >= t->end)
            t->end = rec.seq + 1;
    }
    found->damaged += scan.damaged;
    return r == GAD_END ? 0 : r;
}

/* Opens the last segment. GAD_END: it was incomplete, and was deleted. */
static int open_last(struct gad_spool *s, struct tail *t, struct gad_spool_recovery *found,
                     struct gad_diag *d)
{
    struct gad_spool_directory *f = &s->directory;
    const struct gad_spool_segment *last = &f->seg[f->n - 1];
    char name[GAD_SPOOL_FILE_NAME];
    struct gad_spool_head h;
    uint8_t head[GAD_SPOOL_HEAD];

    gad_spool_segment_name(last->first, name);
    *t = (struct tail){.end = last->first, .good = GAD_SPOOL_HEAD};
    s->fd = s->io->open(s->io->arg, f->fd, name, O_RDWR);
    int r = s->fd < 0 ? -errno : 0;
    ssize_t n = r == 0 ? gad_spool_pread(s->fd, head, sizeof(head), 0) : 0;
    if (r != 0 || n < 0)
        return gad_fail(d, r ? r : (int)n, "%s: cannot read: %s", name,
                        gad_strerror(r ? r : (int)n));
    r = gad_spool_head_read(head, (size_t)n, &h);
    if (r == GAD_EVERSION)
        return gad_fail(d, r, "%s: written by a later version of ganad", name);
    if (r == 0 && h.first == last->first && last->bytes <= GAD_SPOOL_SEGMENT_MAX) {
        s->salt = h.salt;
        s->head = h;
        r = scan_tail(s->fd, s->salt, t, found);
        if (r != 0)
            return gad_fail(d, r, "%s: cannot read: %s", name, gad_strerror(r));
    } else if (r != GAD_ETRUNC) {
        t->head_damaged = true;
        t->end = last->first + 1; /* the name of the file shows that this number is used */
        found->damaged += last->bytes;
        return 0;
    }
    t->empty = r == 0 && t->end == last->first;
    if (r != 0) { /* a crash while it was created */
        found->cut += last->bytes;
        gad_spool_seal(s);
        if (s->io->unlink(s->io->arg, f->fd, name) != 0)
            return gad_fail(d, -errno, "%s: cannot delete: %s", name, gad_strerror(-errno));
        f->n--;
        return GAD_END;
    }
    return 0;
}

/* The last segment has no record: finds the end of the records before it. Segments that cannot be
 * read count as empty. */
static void look_before(const struct gad_spool *s, struct tail *t)
{
    const struct gad_spool_directory *f = &s->directory;
    uint64_t seen = 0;

    for (size_t i = f->n - 1; i-- > 0 && seen == 0;) {
        struct gad_spool_recovery ignored = {0};
        struct tail before = {.end = f->seg[i].first};
        struct gad_spool_head h;
        uint8_t head[GAD_SPOOL_HEAD];
        int fd = -1;
        if (gad_spool_segment_open(f->fd, f->seg[i].first, &fd) != 0)
            continue;
        ssize_t n = gad_spool_pread(fd, head, sizeof(head), 0);
        if (n < 0 || gad_spool_head_read(head, (size_t)n, &h) != 0)
            seen = f->seg[i].first + 1;
        else if (scan_tail(fd, h.salt, &before, &ignored) == 0 && before.end > f->seg[i].first)
            seen = before.end;
        (void)close(fd);
    }
    t->seen = seen > 0 && seen < t->end     ? seen
              : s->head.unused_to == t->end ? s->head.unused_from
                                            : t->end;
}

static int recover_segments(struct gad_spool *s, struct tail *t, struct gad_spool_recovery *found,
                            struct gad_diag *d)
{
    int r = GAD_END;

    while (r == GAD_END && s->directory.n > 0)
        r = open_last(s, t, found, d);
    if (r < 0)
        return r;
    if (s->directory.n == 0 && t->end < s->state.next) /* every cursor had passed all segments */
        t->end = s->state.next;
    t->seen = t->end;
    if (t->empty)
        look_before(s, t);
    if (s->directory.n == 0 || t->head_damaged) {
        gad_spool_seal(s);
        return 0;
    }
    uint64_t bytes = s->directory.seg[s->directory.n - 1].bytes;
    if (bytes > t->good) {
        found->cut += bytes - t->good;
        if (s->io->truncate(s->io->arg, s->fd, t->good) == 0)
            s->directory.seg[s->directory.n - 1].bytes = t->good;
        else
            gad_spool_seal(s);
    }
    s->at = t->good;
    return 0;
}

/* Whether the end of the last segment is as the writer left it. Then no number must be skipped;
 * spool.h says why. */
static bool is_exact(const struct gad_spool *s, const struct tail *t,
                     const struct gad_spool_recovery *found)
{
    const struct gad_spool_state *st = &s->state;
    bool whole = st->sync == GAD_SPOOL_ALWAYS || (s->o.boot != 0 && s->o.boot == st->boot);

    return whole && !found->state_lost && !t->head_damaged && found->cut == 0 &&
           t->end <= st->reserved;
}

/* Returns the number behind the last one that a record may have had, at least @sure. */
static uint64_t guess_given(const struct gad_spool *s, const struct tail *t,
                            const struct gad_spool_recovery *found, uint64_t sure)
{
    const struct gad_spool_state *st = &s->state;
    bool whole = st->sync == GAD_SPOOL_ALWAYS || (s->o.boot != 0 && s->o.boot == st->boot);
    uint64_t guess = s->next;

    if (whole && !t->head_damaged)
        guess = t->end + (found->cut + RECORD_MIN - 1) / RECORD_MIN;
    return guess > s->next ? s->next : guess > sure ? guess : sure;
}

/* Notes numbers whose records are missing: given out for certain up to @sure, perhaps up to
 * @given. */
static void note_lost(struct gad_spool *s, const struct tail *t, struct gad_spool_recovery *found,
                      uint64_t sure, uint64_t given)
{
    struct gad_spool_gaps *gaps = &s->state.gaps;
    uint64_t first = t->head_damaged ? t->end - 1 : t->end;

    gad_spool_gaps_add(gaps, first, sure, t->head_damaged ? GAD_SPOOL_MAYBE : GAD_SPOOL_LOST);
    gad_spool_gaps_add(gaps, sure, given, GAD_SPOOL_MAYBE);
    /* skipped numbers; the start that skipped them noted what was lost before them */
    if (first < s->state.unused_to)
        first = s->state.unused_to;
    if (given > first) {
        found->lost_first = first;
        found->lost_end = given;
    }
}

/* Decides which skipped numbers the head of the next segment names. The list in the state has all
 * of them. The head has room for one range, for a reader without that list. */
static void note_unused(struct gad_spool *s, struct tail *t, struct gad_spool_recovery *found,
                        uint64_t given, bool guessed)
{
    struct gad_spool_state *st = &s->state;
    bool pending = st->unused_to > 0;

    gad_spool_gaps_add(&st->gaps, given, s->next, GAD_SPOOL_UNUSED);
    if (given < s->next) {
        found->unused_first = given;
        found->unused_end = s->next;
    }
    if (pending && given == st->unused_to) /* the last start crashed before it wrote anything */
        given = st->unused_from;
    else
        st->guessed = guessed || (pending && st->guessed) || pending;
    t->merged = t->empty && given == t->end && s->head.unused_to == t->end;
    if (t->merged) { /* several crashes in a row leave one segment */
        given = s->head.unused_from;
        st->guessed = (s->head.flags & GAD_SPOOL_GUESSED) != 0;
    }
    st->unused_from = given;
    st->unused_to = s->next;
}

static void sync_last(struct gad_spool *s)
{
    if (s->fd >= 0 && s->o.sync != GAD_SPOOL_NEVER)
        (void)s->io->sync(s->io->arg, s->fd);
}

/*
 * Finds out which numbers are free, and which of those before them may have been lost.
 *
 *     unclean    .. t->end: seen    .. given: perhaps given out, and lost
 *                .. next: reserved, not given out
 */
static void recover_numbers(struct gad_spool *s, struct tail *t, struct gad_spool_recovery *found)
{
    struct gad_spool_state *st = &s->state;

    if (t->end >= st->unused_to) { /* a later segment names them in its head */
        st->unused_from = st->unused_to = 0;
        st->guessed = false;
    }
    if (s->directory.n > 0 && !t->head_damaged) /* written by a version without the list */
        gad_spool_gaps_add(&st->gaps, s->head.unused_from, s->head.unused_to, GAD_SPOOL_UNUSED);
    found->tail_lost = t->head_damaged;
    found->damaged += found->cut;
    s->end = t->seen;
    if (st->clean && t->end <= st->next && !t->head_damaged && found->cut == 0) {
        s->next = st->next;
        if (st->unused_to > 0)
            gad_spool_seal(s);
        return;
    }
    found->unclean = true;
    uint64_t sure = st->next > t->end ? st->next : t->end;
    if (is_exact(s, t, found)) {
        s->next = sure;
        note_lost(s, t, found, sure, sure);
        sync_last(s);
        if (!t->empty || st->unused_to > 0) /* how much a sync before the crash wrote is unknown */
            gad_spool_seal(s);
        return;
    }
    s->next = st->reserved > t->end ? st->reserved : t->end;
    uint64_t given = t->end;
    if (found->state_lost || t->end > st->reserved) {
        s->next += JUMP;
        sure = given;
    } else {
        given = guess_given(s, t, found, sure);
    }
    note_lost(s, t, found, sure, given);
    note_unused(s, t, found, given, given > sure);
    sync_last(s);
    gad_spool_seal(s); /* the head of the next one says which numbers were skipped */
}

static int recover(struct gad_spool *s, struct gad_spool_recovery *found, bool *ret_merged,
                   struct gad_diag *d)
{
    struct tail t = {.end = 1};

    int r = recover_segments(s, &t, found, d);
    if (r != 0)
        return r;
    recover_numbers(s, &t, found);
    uint64_t reserved = s->state.reserved; /* where a start after a crash would begin */
    if ((s->next > reserved ? s->next : reserved) > GAD_SPOOL_SEQ_MAX - 2 * JUMP)
        return gad_fail(d, GAD_ELIMIT, "no sequence numbers are left: a spool file is forged");
    *ret_merged = t.merged;
    return 0;
}

/* --- opening --- */

static int check_options(const struct gad_spool_options *o, struct gad_diag *d)
{
    if (o->segment_max < GAD_SPOOL_SEGMENT_MIN || o->segment_max > GAD_SPOOL_SEGMENT_MAX)
        return gad_fail(d, GAD_EINVAL, "segments of %llu bytes: not in %d .. %d",
                        (unsigned long long)o->segment_max, GAD_SPOOL_SEGMENT_MIN,
                        GAD_SPOOL_SEGMENT_MAX);
    if (o->group_max < GAD_SPOOL_GROUP_MIN || o->group_max > o->segment_max - GAD_SPOOL_HEAD)
        return gad_fail(d, GAD_EINVAL, "groups of %zu bytes: not in %d .. a segment", o->group_max,
                        GAD_SPOOL_GROUP_MIN);
    if (o->quota / 2 < o->segment_max || o->quota / o->segment_max > GAD_SPOOL_SEGMENTS / 2)
        return gad_fail(d, GAD_EINVAL, "a quota of %llu bytes: not in 2 .. %d segments",
                        (unsigned long long)o->quota, GAD_SPOOL_SEGMENTS / 2);
    return 0;
}

static int open_directory(struct gad_spool *s, const char *path, struct gad_diag *d)
{
    if (mkdir(path, 0750) != 0 && errno != EEXIST && errno != EROFS && errno != EACCES) {
        int err = errno;
        return gad_fail(d, -err, "cannot create the directory: %s", gad_strerror(-err));
    }
    return gad_spool_directory_open(path, &s->directory.fd, d);
}

static int open_state(struct gad_spool *s, struct gad_diag *d)
{
    int r = gad_spool_state_open(s, s->directory.fd, &s->state_fd);

    if (r == GAD_EFORMAT)
        return gad_fail(d, r, "%s: not a regular file", GAD_SPOOL_STATE_NAME);
    if (r == -EWOULDBLOCK)
        return gad_fail(d, r, "another process writes to this spool");
    return r == 0 ? 0
                  : gad_fail(d, r, "%s: cannot open and lock: %s", GAD_SPOOL_STATE_NAME,
                             gad_strerror(r));
}

/* Sets s->state, synced_slot and the flags of @found. */
static int load_state(struct gad_spool *s, struct gad_spool_recovery *found, struct gad_diag *d)
{
    unsigned whole = 0;
    int r = gad_spool_state_load(s->state_fd, &s->state, &s->synced_slot, &whole);

    if (r == 0) {
        found->state_torn = whole == 1;
        found->unclean = !s->state.clean;
        s->stored_next = s->state.next;
        return 0;
    }
    s->state = (struct gad_spool_state){.next = 1, .reserved = 1};
    s->synced_slot = 1;
    if (r == GAD_END && s->directory.n == 0) {
        found->is_new = s->state.clean = true;
        return 0;
    }
    if (r == GAD_END || r == GAD_EMISMATCH) {
        found->state_lost = found->unclean = true;
        return 0;
    }
    if (r == GAD_EVERSION)
        return gad_fail(d, r, "%s: written by a later version of ganad", GAD_SPOOL_STATE_NAME);
    if (r == GAD_EFORMAT)
        return gad_fail(d, r, "%s: not the state of a spool", GAD_SPOOL_STATE_NAME);
    return gad_fail(d, r, "%s: cannot read: %s", GAD_SPOOL_STATE_NAME, gad_strerror(r));
}

/* Deletes the last segment, which has no record, once the state has the numbers of its head. */
static void delete_merged(struct gad_spool *s)
{
    struct gad_spool_directory *f = &s->directory;
    char name[GAD_SPOOL_FILE_NAME];

    gad_spool_segment_name(s->head.first, name);
    if (s->io->unlink(s->io->arg, f->fd, name) == 0) /* on failure both remain, and they agree */
        f->n--;
}

static int begin_state(struct gad_spool *s, const struct gad_spool_recovery *found,
                       struct gad_diag *d)
{
    int n_slots = found->is_new || found->state_lost ? 2 : 1;
    int r = 0;

    s->state.boot = s->o.boot;
    s->state.sync = s->o.sync;
    s->state.clean = false;
    s->state.totals.damaged += found->damaged;
    for (int i = 0; r == 0 && i < n_slots; i++)
        r = gad_spool_state_store(s, s->next + GAD_SPOOL_RESERVE, true);
    if (r == 0 && n_slots == 2 && s->io->sync(s->io->arg, s->directory.fd) != 0)
        r = -errno;
    return r == 0 ? 0
                  : gad_fail(d, r, "%s: cannot write: %s", GAD_SPOOL_STATE_NAME, gad_strerror(r));
}

static int open_all(struct gad_spool *s, const char *directory, struct gad_spool_recovery *found,
                    struct gad_diag *d)
{
    bool merged = false;

    int r = open_directory(s, directory, d);
    if (r == 0)
        r = open_state(s, d);
    if (r == 0)
        r = gad_spool_directory_list(&s->directory, d);
    if (r == 0)
        r = load_state(s, found, d);
    if (r == 0)
        r = recover(s, found, &merged, d);
    if (r != 0)
        return r;
    found->n_foreign = s->directory.n_foreign;
    r = begin_state(s, found, d);
    if (r == 0 && merged)
        delete_merged(s);
    if (r == 0 && s->state.unused_to > 0) {
        int begun = gad_spool_begin_segment(s, s->next, 0, true);
        (void)begun; /* a full disk: the state has the numbers until a segment can be created */
    }
    if (r == 0)
        r = gad_spool_evict(s, 0) == 0
                ? 0
                : gad_fail(d, -EDQUOT, "cannot delete segments beyond the quota");
    return r;
}

int gad_spool_open(const char *directory, const struct gad_spool_options *o, struct gad_spool **ret,
                   struct gad_spool_recovery *ret_found, struct gad_diag *d)
{
    struct gad_spool_recovery found = {0};

    int r = check_options(o, d);
    if (r != 0)
        return r;
    gad_cleanup(gad_spool_closep) struct gad_spool *s = gad_calloc(1, sizeof(*s));
    if (!s)
        return gad_fail(d, GAD_ENOMEM, "no memory");
    s->o = *o;
    s->io = o->io ? o->io : &gad_spool_system;
    s->fd = s->state_fd = s->directory.fd = -1;
    s->salt = o->salt;
    s->group = gad_calloc(1, o->group_max);
    s->path = gad_calloc(1, strlen(directory) + 1);
    if (s->path)
        memcpy(s->path, directory, strlen(directory));
    if (!s->group || !s->path)
        return gad_fail(d, GAD_ENOMEM, "no memory for %zu bytes", o->group_max);
    r = open_all(s, directory, &found, d);
    if (r != 0) {
        gad_diag_prefix(d, "%s", directory);
        return r;
    }
    if (ret_found)
        *ret_found = found;
    *ret = gad_steal(&s);
    return 0;
}

void gad_spool_close(struct gad_spool *s)
{
    if (!s)
        return;
    gad_spool_seal(s);
    if (s->state_fd >= 0)
        (void)close(s->state_fd); /* releases the lock, too */
    gad_spool_directory_deinit(&s->directory);
    gad_free(s->group);
    gad_free(s->path);
    gad_free(s);
}
