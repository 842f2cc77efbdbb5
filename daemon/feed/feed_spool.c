/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/feed_spool.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "daemon/config/config.h"
#include "daemon/feed/spool_writer.h"
#include "daemon/log.h"
#include "lib/base/diag.h"
#include "lib/base/siphash.h"
#include "lib/spool/check.h"

struct feed_spool {
    char directory[PATH_MAX];
    bool is_kept;
    struct spool_writer *writer;
    unsigned cursor[CONFIG_OUTPUTS_MAX];
    uint64_t next[CONFIG_OUTPUTS_MAX];
};

static const char *temporary(void)
{
    const char *tmp = getenv("TMPDIR");

    return tmp && *tmp ? tmp : "/tmp";
}

static int make_temporary(struct feed_spool *s, struct gad_diag *d)
{
    int n = snprintf(s->directory, sizeof(s->directory), "%s/ganad-spool.XXXXXX", temporary());
    if (n < 0 || (size_t)n >= sizeof(s->directory) || !mkdtemp(s->directory))
        return gad_fail(d, -errno, "spool: cannot create the temporary directory '%s': %s",
                        s->directory, gad_strerror(-errno));
    return 0;
}

/* Deletes only files of a spool. A directory with other files stays. */
static void remove_temporary(const char *directory)
{
    DIR *dir = opendir(directory);
    const struct dirent *e;

    while (dir && (e = readdir(dir)) != NULL) {
        const char *dot = strrchr(e->d_name, '.');
        if (dot && (strcmp(dot, ".seg") == 0 || strcmp(dot, ".state") == 0))
            (void)unlinkat(dirfd(dir), e->d_name, 0);
    }
    if (dir)
        (void)closedir(dir);
    if (rmdir(directory) != 0 && errno != ENOENT)
        log_notice("spool", "'%s' is not deleted: %s", directory, gad_strerror(-errno));
}

/* Returns a number that is the same until the machine reboots; 0: unknown. */
static uint64_t boot_number(void)
{
    static const uint64_t no_secret[2] = {0, 0};
    char text[64];
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof(text)) : 0;

    if (fd >= 0)
        (void)close(fd);
    return n > 0 ? gad_siphash(no_secret, text, (size_t)n) : 0;
}

static int options_of(const struct config *c, bool is_kept, struct gad_spool_options *o)
{
    *o = (struct gad_spool_options){.sync = GAD_SPOOL_NEVER,
                                    .interval = c->spool.interval,
                                    .quota = c->spool.quota,
                                    .segment_max = c->spool.segment,
                                    .boot = boot_number()};
    if (is_kept && strcmp(c->spool.sync, "always") == 0)
        o->sync = GAD_SPOOL_ALWAYS;
    else if (is_kept && strcmp(c->spool.sync, "interval") == 0)
        o->sync = GAD_SPOOL_INTERVAL;
    o->group_max = c->spool.segment / 2 < (4 << 20) ? c->spool.segment / 2 : 4 << 20;
    return getrandom(&o->salt, sizeof(o->salt), 0) == (ssize_t)sizeof(o->salt) ? 0 : -errno;
}

static void report(const char *directory, const struct gad_spool_recovery *r)
{
    if (r->state_lost)
        log_warn("spool", "'%s': its state was lost; outputs begin with the oldest event",
                 directory);
    else if (r->state_torn)
        log_notice("spool",
                   "'%s': one of the two copies of its state was damaged; the other one is used",
                   directory);
    if (r->damaged > 0)
        log_warn("spool", "'%s': %" PRIu64 " bytes were damaged, %" PRIu64 " of them truncated",
                 directory, r->damaged, r->cut);
    if (r->lost_end > r->lost_first)
        log_warn("spool", "'%s': events %" PRIu64 " to %" PRIu64 " may have been lost", directory,
                 r->lost_first, r->lost_end - 1);
    if (r->unused_end > r->unused_first)
        log_notice("spool",
                   "'%s': the numbers %" PRIu64 " to %" PRIu64 " are skipped; no event has them",
                   directory, r->unused_first, r->unused_end - 1);
    if (r->n_foreign > 0)
        log_notice("spool", "'%s': %zu files in it do not belong to the spool", directory,
                   r->n_foreign);
}

static bool is_output(const struct config *c, const char *name)
{
    for (size_t i = 0; i < c->n_outputs; i++)
        if (strcmp(c->output[i].name, name) == 0)
            return true;
    return false;
}

/* Removes the cursors of outputs that are no longer configured. */
static void drop_old_cursors(const struct config *c, struct gad_spool *spool)
{
    struct gad_spool_status st;

    gad_spool_status(spool, &st);
    for (unsigned i = 0; i < GAD_SPOOL_CURSORS; i++) {
        const struct gad_spool_cursor *cursor = gad_spool_cursor_at(spool, i);
        if (!cursor || is_output(c, cursor->name))
            continue;
        log_notice("spool",
                   "output '%s' is no longer configured; its backlog of at most %" PRIu64
                   " events is discarded",
                   cursor->name,
                   gad_spool_cursor_share(cursor, &st.gaps, st.oldest, st.end).waiting);
        gad_spool_cursor_remove(spool, i);
    }
}

static int take_cursors(struct feed_spool *s, const struct config *c, struct gad_diag *d)
{
    struct gad_spool *spool = spool_writer_spool(s->writer);

    drop_old_cursors(c, spool);
    for (size_t i = 0; i < c->n_outputs; i++) {
        int r = gad_spool_cursor(spool, c->output[i].name, true, &s->cursor[i]);
        if (r != 0)
            return gad_fail(d, r, "spool: no cursor for output '%s': %s", c->output[i].name,
                            gad_strerror(r));
        s->next[i] = gad_spool_cursor_at(spool, s->cursor[i])->next;
    }
    return 0;
}

int feed_spool_open(const struct config *c, struct feed_spool **ret, struct gad_diag *d)
{
    gad_cleanup(feed_spool_closep) struct feed_spool *s = gad_calloc(1, sizeof(*s));
    struct gad_spool_options o;
    struct gad_spool_recovery found;

    if (!s)
        return gad_fail(d, GAD_ENOMEM, "spool: no memory");
    s->is_kept = *c->spool.directory != '\0';
    (void)snprintf(s->directory, sizeof(s->directory), "%s", c->spool.directory);
    int r = s->is_kept ? 0 : make_temporary(s, d);
    if (r == 0 && options_of(c, s->is_kept, &o) != 0)
        r = gad_fail(d, -errno, "spool: no random numbers");
    if (r == 0) {
        r = spool_writer_new(s->directory, &o, &s->writer, &found, d);
        if (r != 0)
            gad_diag_prefix(d, "spool");
    }
    if (r != 0)
        return r;
    report(s->directory, &found);
    r = take_cursors(s, c, d);
    if (r == 0)
        *ret = gad_steal(&s);
    return r;
}

int feed_spool_check(const struct config *c, struct gad_diag *d)
{
    const char *directory = c->spool.directory;
    bool is_used;

    if (!*directory && faccessat(AT_FDCWD, temporary(), W_OK | X_OK, AT_EACCESS) != 0) {
        int err = -errno;
        return gad_fail(d, err, "no temporary directory can be created in '%s': %s", temporary(),
                        gad_strerror(err));
    }
    if (!*directory)
        return 0;
    int r = gad_spool_check(directory, &is_used, d);
    if (r == 0 && is_used)
        log_warn("check",
                 "[spool] directory: '%s' is in use now: fine if it is by the ganadd that is to be "
                 "replaced",
                 directory);
    return r;
}

void feed_spool_close(struct feed_spool *s)
{
    if (!s)
        return;
    spool_writer_free(s->writer);
    if (!s->is_kept && *s->directory)
        remove_temporary(s->directory);
    gad_free(s);
}

struct spool_writer *feed_spool_writer(struct feed_spool *s)
{
    return s->writer;
}

const char *feed_spool_directory(const struct feed_spool *s)
{
    return s->directory;
}

bool feed_spool_is_kept(const struct feed_spool *s)
{
    return s->is_kept;
}

unsigned feed_spool_cursor(const struct feed_spool *s, size_t output)
{
    return s->cursor[output];
}

uint64_t feed_spool_next(const struct feed_spool *s, size_t output)
{
    return s->next[output];
}
