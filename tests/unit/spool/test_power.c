/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The power goes at any operation. A disk is modelled that keeps what was synced for certain, and of what was written
 * since an arbitrary part: any of its 512-byte sectors, each file longer or not, names made or deleted since the last
 * sync of the folder there or not. What is on it after the cut is opened as a spool.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/rng.h"
#include "lib/spool/folder.h"
#include "lib/spool/format.h"
#include "tests/unit/spool/fixture.h"
#include "tests/unit/test.h"

enum { FILES = 64, FILE_MAX = 512 << 10, SECTOR = 512, CUTS = 120 };

struct image {
    uint8_t p[FILE_MAX];
    size_t len;
};

struct file {
    char name[GAD_SPOOL_FILE_NAME];
    int fd;                /* -1: closed, or used anew */
    bool there, was_there; /* in the folder now; when the folder was synced last */
    struct image is, was;  /* its bytes now; when it was synced last */
};

struct disk {
    struct file *file; /* (FILES) */
    size_t n;
    long left; /* operations until the power goes; then all fail */
};

static bool is_on(struct disk *d)
{
    errno = EIO;
    return d->left > 0 && d->left-- > 0;
}

static struct file *by_name(struct disk *d, const char *name)
{
    for (size_t i = d->n; i-- > 0;)
        if (strcmp(d->file[i].name, name) == 0 && d->file[i].there)
            return &d->file[i];
    return NULL;
}

static struct file *by_fd(struct disk *d, int fd)
{
    for (size_t i = d->n; i-- > 0;)
        if (d->file[i].fd == fd)
            return &d->file[i];
    return NULL;
}

static int disk_open(void *arg, int dir, const char *name, int flags)
{
    struct disk *d = arg;
    struct file *f = by_name(d, name);

    int fd = is_on(d) ? gad_spool_system.open(NULL, dir, name, flags) : -1;
    if (fd < 0)
        return fd;
    for (size_t i = 0; i < d->n; i++)
        if (d->file[i].fd == fd)
            d->file[i].fd = -1; /* it was closed since */
    if (!f) {
        assert_true(d->n < FILES);
        f = &d->file[d->n++];
        memset(f, 0, sizeof(*f));
        memcpy(f->name, name, strlen(name) + 1);
        f->there = true;
    }
    f->fd = fd;
    return fd;
}

static ssize_t disk_pwrite(void *arg, int fd, const void *p, size_t len, uint64_t at)
{
    struct disk *d = arg;
    struct file *f = by_fd(d, fd);

    if (!is_on(d))
        return -1;
    assert_true(f && at + len <= FILE_MAX);
    memcpy(f->is.p + at, p, len);
    f->is.len = at + len > f->is.len ? at + len : f->is.len;
    return gad_spool_system.pwrite(NULL, fd, p, len, at);
}

static int disk_sync(void *arg, int fd)
{
    struct disk *d = arg;
    struct file *f = by_fd(d, fd);

    if (!is_on(d))
        return -1;
    if (f)
        f->was = f->is;
    for (size_t i = 0; !f && i < d->n; i++) /* the folder */
        d->file[i].was_there = d->file[i].there;
    return 0;
}

static int disk_truncate(void *arg, int fd, uint64_t len)
{
    struct disk *d = arg;
    struct file *f = by_fd(d, fd);

    if (!is_on(d))
        return -1;
    assert_true(f && len <= f->is.len);
    memset(f->is.p + len, 0, f->is.len - len);
    f->is.len = len;
    return gad_spool_system.truncate(NULL, fd, len);
}

static int disk_unlink(void *arg, int dir, const char *name)
{
    struct disk *d = arg;
    struct file *f = by_name(d, name);

    if (!is_on(d))
        return -1;
    if (f)
        f->there = false;
    return gad_spool_system.unlink(NULL, dir, name);
}

/* Each sector as it was or as it is; the length one of the two. */
static void put_file(const char *folder, const struct file *f, struct gad_rng *rng)
{
    static struct image mixed;
    size_t most = f->is.len > f->was.len ? f->is.len : f->was.len;
    uint32_t taste = gad_rng_below(rng, 3); /* all of the new, none of it, any */

    mixed = f->was;
    for (size_t at = 0; at < most; at += SECTOR)
        if (taste == 0 || (taste == 2 && gad_rng_below(rng, 2) == 0))
            memcpy(mixed.p + at, f->is.p + at, SECTOR);
    mixed.len = taste == 0 || (taste == 2 && gad_rng_below(rng, 2) == 0) ? f->is.len : f->was.len;
    spool_put(folder, f->name, mixed.p, mixed.len);
}

/* The folder as the disk may have it. A name that was there twice is there once. */
static void cut_power(const char *folder, struct disk *d, struct gad_rng *rng)
{
    spool_empty(folder);
    for (size_t i = 0; i < d->n; i++) {
        const struct file *f = &d->file[i];
        if ((f->there && f->was_there) ||
            ((f->there || f->was_there) && gad_rng_below(rng, 2) == 0))
            put_file(folder, f, rng);
    }
}

/* What was promised before the power went. */
struct promise {
    uint64_t end;  /* numbers before it were committed */
    uint64_t done; /* and those before it are done with: they may be there or not */
};

/* Writes until the power goes. */
static void work(const char *folder, const struct gad_spool_options *o, struct gad_rng *rng,
                 struct promise *promise)
{
    struct gad_spool *s = NULL;
    struct gad_spool_status st;
    uint8_t p[SPOOL_PAYLOAD_MAX];
    unsigned c;

    if (gad_spool_open(folder, o, &s, NULL, NULL) != 0)
        return;
    assert_int_equal(gad_spool_cursor(s, "out", true, &c), 0);
    gad_spool_status(s, &st);
    for (int64_t now = 1; st.failure == 0; now += 70000000) {
        uint32_t n = 1 + gad_rng_below(rng, 200);
        for (uint32_t i = 0; i < n; i++) {
            gad_spool_status(s, &st);
            size_t len = spool_payload(st.next, p);
            assert_int_equal(
                gad_spool_append(s, SPOOL_KIND, (struct gad_time){(int64_t)st.next}, p, len, NULL),
                0);
        }
        int r = gad_spool_commit(s, (struct gad_time){now});
        gad_spool_status(s, &st);
        assert_true(r == 0 || st.failure != 0);
        promise->end = st.end;
        promise->done = st.end > 3000 ? st.end - 3000 : 1;
        gad_spool_ack(s, c, promise->done, 0);
    }
    gad_spool_close(s);
}

static void run(const char *folder, enum gad_spool_sync sync)
{
    struct gad_rng rng = gad_rng_init(11, (uint64_t)sync);
    struct disk d = {.file = calloc(FILES, sizeof(struct file))};
    struct gad_spool_io io = {disk_open, disk_pwrite, disk_sync, disk_truncate, disk_unlink, &d};
    struct gad_spool_options o = spool_options(sync);

    assert_non_null(d.file);
    for (int cut = 0; cut < CUTS; cut++) {
        struct gad_spool_recovery found;
        struct gad_spool_status st;
        struct promise promise = {1, 1};

        spool_empty(folder);
        d.n = 0;
        d.left = 1 + gad_rng_below(&rng, 200);
        o.io = &io;
        o.boot = 1;
        work(folder, &o, &rng, &promise);
        cut_power(folder, &d, &rng);

        o.io = NULL;
        o.boot = 2;
        struct gad_spool *s = spool_open(folder, &o, &found);
        gad_spool_status(s, &st);
        assert_true(st.next >= promise.end); /* no number comes twice */
        struct spool_tally t;
        if (sync == GAD_SPOOL_ALWAYS) {
            assert_true(st.end >= promise.end);
            t = spool_read_from(folder, promise.done, promise.end);
            assert_true(t.lost == 0 && t.records == promise.end - promise.done);
            assert_true(found.lost_first == 0 || found.lost_first >= promise.end);
        }
        spool_add(s, 1, 1);
        t = spool_read_from(folder, promise.done, spool_limit(s));
        assert_true(t.last >= promise.end);
        assert_true(t.records + t.lost > promise.end - promise.done); /* what is gone is told */
        gad_spool_close(s);
    }
    free(d.file);
}

static void a_cut_of_power_takes_nothing_that_was_synced(void **state)
{
    run(*state, GAD_SPOOL_ALWAYS);
}

static void what_a_cut_of_power_takes_of_an_interval_is_told(void **state)
{
    run(*state, GAD_SPOOL_INTERVAL);
}

static void without_syncs_numbers_still_come_once(void **state)
{
    run(*state, GAD_SPOOL_NEVER);
}

int main(void)
{
#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, spool_folder_new, spool_folder_remove)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_cut_of_power_takes_nothing_that_was_synced),
        IN_FOLDER(what_a_cut_of_power_takes_of_an_interval_is_told),
        IN_FOLDER(without_syncs_numbers_still_come_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
