/* SPDX-License-Identifier: Apache-2.0 */
/* From whatever is in the directory to a spool that can be written. */
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "lib/spool/parts.h"

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

/* Do the name in the directory and the descriptor mean the same file? */
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
    else if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        r = -errno;
    else if (!is_same(directory, GAD_SPOOL_STATE_NAME,
                      fd)) /* deleted before it was locked: no lock at all */
        r = -EAGAIN;
    if (r != 0 && fd >= 0)
        (void)close(fd);
    if (r == 0)
        *ret = fd;
    return r;
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

/* Deletes the last segment, which has no record, when the state has what its head says. */
static void delete_merged(struct gad_spool *s)
{
    struct gad_spool_directory *f = &s->directory;
    char name[GAD_SPOOL_FILE_NAME];

    gad_spool_segment_name(s->head.first, name);
    if (s->io->unlink(s->io->arg, f->fd, name) == 0) /* else both stay, and agree */
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
        r = gad_spool_recover(s, found, &merged, d);
    if (r != 0)
        return r;
    found->n_foreign = s->directory.n_foreign;
    r = begin_state(s, found, d);
    if (r == 0 && merged)
        delete_merged(s);
    if (r == 0 && s->state.unused_to > 0) {
        int begun = gad_spool_begin_segment(s, s->next, 0, true);
        (void)begun; /* a full disk: the state has it, until there is room */
    }
    if (r == 0)
        r = gad_spool_evict(s, 0) == 0
                ? 0
                : gad_fail(d, -EDQUOT, "cannot delete what is over the quota");
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
        (void)close(s->state_fd); /* and with it the lock */
    gad_spool_directory_deinit(&s->directory);
    gad_free(s->group);
    gad_free(s->path);
    gad_free(s);
}
