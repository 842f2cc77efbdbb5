/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Power fails at any operation. A disk is modelled that keeps what was synced for certain, and of
 * what was written since an arbitrary part: any of its 512-byte sectors, each file longer or not,
 * names made or deleted since the last sync of the directory there or not. What is on it after the
 * cut is opened as a spool.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/rng.h"
#include "lib/spool/directory.h"
#include "lib/spool/format.h"
#include "tests/unit/spool/fixture.h"
#include "tests/unit/test.h"

enum { FILES = 64, FILE_MAX = 512 << 10, SECTOR = 512, SPOOLS = 40, CRASHES = 4 };

struct image {
    uint8_t p[FILE_MAX];
    size_t len;
};

struct file {
    char name[GAD_SPOOL_FILE_NAME];
    int fd;                /* -1: closed, or reused */
    bool there, was_there; /* in the directory now; when the directory was synced last */
    struct image is, was;  /* its bytes now; when it was synced last */
};

struct disk {
    struct file *file; /* (FILES) */
    size_t n;
    long left; /* operations until power fails; then all fail */
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
    for (size_t i = 0; !f && i < d->n; i++) /* the directory */
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
static void mix(struct file *f, struct gad_rng *rng)
{
    size_t most = f->is.len > f->was.len ? f->is.len : f->was.len;
    uint32_t taste = gad_rng_below(rng, 3); /* all of the new, none of it, any */

    for (size_t at = 0; at < most; at += SECTOR)
        if (taste == 1 || (taste == 2 && gad_rng_below(rng, 2) == 0))
            memcpy(f->is.p + at, f->was.p + at, SECTOR);
    if (taste == 1 || (taste == 2 && gad_rng_below(rng, 2) == 0))
        f->is.len = f->was.len;
    memset(f->is.p + f->is.len, 0, FILE_MAX - f->is.len);
    f->was = f->is;
}

/* The directory as the disk may have it; that is what is on it from now on. */
static void cut_power(const char *directory, struct disk *d, struct gad_rng *rng)
{
    size_t n = 0;

    spool_empty(directory);
    for (size_t i = 0; i < d->n; i++) {
        struct file *f = &d->file[i];
        if (!(f->there && f->was_there) &&
            !((f->there || f->was_there) && gad_rng_below(rng, 2) == 0))
            continue;
        mix(f, rng);
        f->there = f->was_there = true;
        f->fd = -1;
        spool_put(directory, f->name, f->is.p, f->is.len);
        if (n != i)
            d->file[n] = *f;
        n++;
    }
    d->n = n;
}

/* What became of each number, over all the crashes of one spool. */
enum { NUMBERS = (CRASHES + 1) * 2 * 65536 };
enum fate { COMMITTED = 1, READ = 2, REPORTED = 4, UNUSED = 8 };

static uint8_t fates[NUMBERS];

/* Writes until power fails. Returns the first number that is not acknowledged. */
static uint64_t work(const char *directory, const struct gad_spool_options *o, struct gad_rng *rng,
                     uint64_t *next)
{
    struct gad_spool *s = NULL;
    struct gad_spool_status st = {0};
    uint8_t p[SPOOL_PAYLOAD_MAX];
    uint64_t done = 0;
    unsigned c;

    if (gad_spool_open(directory, o, &s, NULL, NULL) != 0)
        return 0;
    assert_int_equal(gad_spool_cursor(s, "out", true, &c), 0);
    for (int64_t now = 1; st.failure == 0; now += 70000000) {
        uint32_t n = 1 + gad_rng_below(rng, 200);
        gad_spool_status(s, &st);
        uint64_t first = st.next;
        assert_true(first >= *next && first + n < NUMBERS); /* no number is read twice */
        for (uint64_t seq = first; seq < first + n; seq++) {
            size_t len = spool_payload(seq, p);
            int r = gad_spool_append(s, SPOOL_KIND, (struct gad_time){(int64_t)seq}, p, len, NULL);
            assert_int_equal(r, 0);
        }
        if (gad_spool_commit(s, (struct gad_time){now}) == 0) {
            memset(fates + first, COMMITTED, n);
            *next = first + n;
        }
        gad_spool_status(s, &st);
        done = st.end > 3000 ? st.end - 3000 : 1;
        gad_spool_ack(s, c, done, 0);
    }
    gad_spool_close(s);
    return done;
}

static void read_all(const char *directory, uint64_t from, uint64_t limit)
{
    struct gad_spool_reader *r = NULL;
    struct gad_spool_item item;
    uint8_t want[SPOOL_PAYLOAD_MAX];
    int err;

    assert_int_equal(gad_spool_reader_open(directory, from, &r, NULL), 0);
    while ((err = gad_spool_reader_next(r, limit, &item)) == 0) {
        assert_true(item.end <= NUMBERS);
        for (uint64_t seq = item.seq; seq < item.end; seq++)
            fates[seq] |= item.p ? READ : item.unused ? UNUSED : REPORTED;
        if (item.p) {
            assert_int_equal(item.len, spool_payload(item.seq, want));
            assert_memory_equal(item.p, want, item.len);
        }
    }
    assert_int_equal(err, GAD_END);
    gad_spool_reader_close(r);
}

/* Each committed record that was not acknowledged is there or reported as lost; with @always it is
 * there. */
static void check_fates(uint64_t from, uint64_t limit, bool always)
{
    for (uint64_t seq = from; seq < limit; seq++) {
        bool known = (fates[seq] & (always ? READ : READ | REPORTED)) != 0;
        if ((fates[seq] & COMMITTED) && !known)
            fail_msg("record %llu is missing", (unsigned long long)seq);
        if ((fates[seq] & COMMITTED) && (fates[seq] & UNUSED))
            fail_msg("record %llu was never used", (unsigned long long)seq);
        fates[seq] &= COMMITTED;
    }
}

static void run(const char *directory, enum gad_spool_sync sync)
{
    struct gad_rng rng = gad_rng_init(11, (uint64_t)sync);
    struct disk d = {.file = calloc(FILES, sizeof(struct file))};
    struct gad_spool_io io = {disk_open, disk_pwrite, disk_sync, disk_truncate, disk_unlink, &d};
    struct gad_spool_options o = spool_options(sync);

    assert_non_null(d.file);
    o.io = &io;
    for (int i = 0; i < SPOOLS; i++) {
        uint64_t next = 1, done = 1;
        spool_empty(directory);
        memset(fates, 0, sizeof(fates));
        d.n = 0;
        for (int crash = 0; crash < CRASHES; crash++) {
            d.left = 1 + gad_rng_below(&rng, crash % 2 == 0 ? 200 : 20);
            o.boot++;
            uint64_t now_done = work(directory, &o, &rng, &next);
            done = now_done > done ? now_done : done;
            cut_power(directory, &d, &rng);
        }
        d.left = LONG_MAX;
        o.boot++;
        struct gad_spool *s = spool_open(directory, &o, NULL);
        spool_add(s, 1, 1); /* a loss at the end is reported when something follows */
        assert_true(spool_limit(s) > next);
        read_all(directory, done, spool_limit(s));
        check_fates(done, next, sync == GAD_SPOOL_ALWAYS);
        gad_spool_close(s);
    }
    free(d.file);
}

static void a_cut_of_power_takes_nothing_that_was_synced(void **state)
{
    run(*state, GAD_SPOOL_ALWAYS);
}

static void a_power_failure_reports_what_it_loses_of_an_interval(void **state)
{
    run(*state, GAD_SPOOL_INTERVAL);
}

static void without_syncs_what_is_lost_is_reported_too(void **state)
{
    run(*state, GAD_SPOOL_NEVER);
}

int main(void)
{
#define IN_DIRECTORY(f)                                                                            \
    cmocka_unit_test_setup_teardown(f, spool_directory_new, spool_directory_remove)
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(a_cut_of_power_takes_nothing_that_was_synced),
        IN_DIRECTORY(a_power_failure_reports_what_it_loses_of_an_interval),
        IN_DIRECTORY(without_syncs_what_is_lost_is_reported_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
