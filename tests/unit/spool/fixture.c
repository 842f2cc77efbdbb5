/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/spool/fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "lib/spool/directory.h"
#include "tests/unit/scratch.h"
#include "tests/unit/test.h"

int spool_directory_new(void **state)
{
    char *path = calloc(1, SPOOL_PATH);

    /* In memory where there is such a directory: these are tests of order, and a thousand syncs
     * take long. */
    if (access("/dev/shm", W_OK) == 0)
        (void)setenv("TMPDIR", "/dev/shm", 1);
    *state = path;
    return mkdtemp(scratch_path(path, SPOOL_PATH, "spool-XXXXXX")) ? 0 : -1;
}

void spool_empty(const char *directory)
{
    DIR *dir = opendir(directory);
    const struct dirent *e;

    assert_non_null(dir);
    while ((e = readdir(dir)) != NULL)
        if (e->d_name[0] != '.' && unlinkat(dirfd(dir), e->d_name, 0) != 0)
            assert_int_equal(unlinkat(dirfd(dir), e->d_name, AT_REMOVEDIR), 0);
    (void)closedir(dir);
}

int spool_directory_remove(void **state)
{
    spool_empty(*state);
    int r = rmdir(*state);
    free(*state);
    return r;
}

struct gad_spool_options spool_options(enum gad_spool_sync sync)
{
    return (struct gad_spool_options){.sync = sync,
                                      .interval = {200000000},
                                      .quota = 4 * (uint64_t)GAD_SPOOL_SEGMENT_MIN,
                                      .segment_max = GAD_SPOOL_SEGMENT_MIN,
                                      .group_max = GAD_SPOOL_GROUP_MIN,
                                      .boot = 0,
                                      .salt = 0x12345678};
}

struct gad_spool *spool_open(const char *directory, const struct gad_spool_options *o,
                             struct gad_spool_recovery *found)
{
    struct gad_spool *s = NULL;
    struct gad_diag d = {""};

    if (gad_spool_open(directory, o, &s, found, &d) != 0)
        fail_msg("%s", d.text);
    return s;
}

void spool_end(struct gad_spool *s)
{
    assert_int_equal(gad_spool_finish(s, (struct gad_time){INT64_MAX / 2}), 0);
    gad_spool_close(s);
}

size_t spool_payload(uint64_t seq, uint8_t out[static SPOOL_PAYLOAD_MAX])
{
    size_t len = 1 + (size_t)(seq * 7919 % (SPOOL_PAYLOAD_MAX - 1));

    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(seq * 31 + i * 7 + (seq >> 8));
    return len;
}

void spool_add(struct gad_spool *s, size_t n, int64_t now)
{
    struct gad_spool_status st;
    uint8_t p[SPOOL_PAYLOAD_MAX];
    uint64_t seq;

    for (size_t i = 0; i < n; i++) {
        gad_spool_status(s, &st);
        size_t len = spool_payload(st.next, p);
        int r = gad_spool_append(s, SPOOL_KIND, (struct gad_time){(int64_t)st.next}, p, len, &seq);
        if (r == GAD_MORE) {
            assert_int_equal(gad_spool_commit(s, (struct gad_time){now}), 0);
            r = gad_spool_append(s, SPOOL_KIND, (struct gad_time){(int64_t)st.next}, p, len, &seq);
        }
        assert_int_equal(r, 0);
        assert_int_equal(seq, st.next);
    }
    assert_int_equal(gad_spool_commit(s, (struct gad_time){now}), 0);
}

uint64_t spool_limit(const struct gad_spool *s)
{
    struct gad_spool_status st;

    gad_spool_status(s, &st);
    return st.end;
}

struct spool_tally spool_read(struct gad_spool_reader *r, uint64_t limit)
{
    struct spool_tally t = {0};
    struct gad_spool_item item;
    uint8_t want[SPOOL_PAYLOAD_MAX];
    uint64_t at = gad_spool_reader_at(r);
    int err;

    while ((err = gad_spool_reader_next(r, limit, &item)) == 0) {
        assert_true(item.seq >= at && item.end > item.seq && item.end <= limit);
        at = item.end;
        assert_true(gad_spool_reader_at(r) >= at);
        if (!item.p) {
            if (item.unused) {
                t.unused += item.end - item.seq;
                continue;
            }
            t.lost += item.end - item.seq;
            t.guessed += item.at_most ? item.end - item.seq : 0;
            continue;
        }
        assert_int_equal(item.len, spool_payload(item.seq, want));
        assert_memory_equal(item.p, want, item.len);
        assert_int_equal(item.kind, SPOOL_KIND);
        assert_int_equal(item.time.ns, item.seq);
        t.first = t.records++ == 0 ? item.seq : t.first;
        t.last = item.seq;
    }
    assert_int_equal(err, GAD_END);
    return t;
}

struct spool_tally spool_read_from(const char *directory, uint64_t from, uint64_t limit)
{
    struct gad_spool_reader *r = NULL;

    assert_int_equal(gad_spool_reader_open(directory, from, &r, NULL), 0);
    struct spool_tally t = spool_read(r, limit);
    gad_spool_reader_close(r);
    return t;
}

static int open_file(const char *directory, const char *name, int flags)
{
    char path[2 * SPOOL_PATH];

    assert_true((size_t)snprintf(path, sizeof(path), "%s/%s", directory, name) < sizeof(path));
    return open(path, flags | O_CLOEXEC, 0600);
}

static int must_open(const char *directory, const char *name, int flags)
{
    int fd = open_file(directory, name, flags);

    assert_true(fd >= 0);
    return fd;
}

size_t spool_file_size(const char *directory, const char *name)
{
    int fd = must_open(directory, name, O_RDONLY);
    off_t len = lseek(fd, 0, SEEK_END);

    (void)close(fd);
    assert_true(len >= 0);
    return (size_t)len;
}

void spool_flip(const char *directory, const char *name, size_t at, uint8_t mask)
{
    int fd = must_open(directory, name, O_RDWR);
    uint8_t b;

    assert_int_equal(pread(fd, &b, 1, (off_t)at), 1);
    b ^= mask;
    assert_int_equal(pwrite(fd, &b, 1, (off_t)at), 1);
    (void)close(fd);
}

void spool_cut(const char *directory, const char *name, size_t len)
{
    int fd = must_open(directory, name, O_RDWR);

    assert_int_equal(ftruncate(fd, (off_t)len), 0);
    (void)close(fd);
}

void spool_put(const char *directory, const char *name, const void *p, size_t len)
{
    int fd = must_open(directory, name, O_WRONLY | O_CREAT | O_TRUNC);

    assert_int_equal(write(fd, p, len), (ssize_t)len);
    (void)close(fd);
}

bool spool_has(const char *directory, const char *name)
{
    int fd = open_file(directory, name, O_RDONLY);

    if (fd >= 0)
        (void)close(fd);
    return fd >= 0;
}

static bool fails(struct spool_faults *f, char what)
{
    if (f->only != 0 && f->only != what)
        return false;
    bool now = ++f->n == f->at || f->for_ever || (f->and_on && f->n > f->at);
    f->n_failed += now;
    errno = f->error;
    return now;
}

static int faulty_open(void *arg, int dir, const char *name, int flags)
{
    return fails(arg, 'o') ? -1 : gad_spool_system.open(NULL, dir, name, flags);
}

static ssize_t faulty_pwrite(void *arg, int fd, const void *p, size_t len, uint64_t at)
{
    struct spool_faults *f = arg;

    if (!fails(f, 'w'))
        return gad_spool_system.pwrite(NULL, fd, p, len, at);
    if (f->is_short && len > 1) { /* and the next one, of the rest, fails outright */
        f->is_short = false;
        f->at = f->n + 1;
        return gad_spool_system.pwrite(NULL, fd, p, len / 2, at);
    }
    errno = f->error;
    return -1;
}

static int faulty_sync(void *arg, int fd)
{
    return fails(arg, 's') ? -1 : gad_spool_system.sync(NULL, fd);
}

static int faulty_truncate(void *arg, int fd, uint64_t len)
{
    return fails(arg, 't') ? -1 : gad_spool_system.truncate(NULL, fd, len);
}

static int faulty_unlink(void *arg, int dir, const char *name)
{
    return fails(arg, 'u') ? -1 : gad_spool_system.unlink(NULL, dir, name);
}

struct gad_spool_io spool_faulty(struct spool_faults *f)
{
    return (struct gad_spool_io){.open = faulty_open,
                                 .pwrite = faulty_pwrite,
                                 .sync = faulty_sync,
                                 .truncate = faulty_truncate,
                                 .unlink = faulty_unlink,
                                 .arg = f};
}
