/* SPDX-License-Identifier: Apache-2.0 */
/* Disks that are full, broken or read-only, and no memory: nothing half-written stays, and every
 * loss is counted. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "lib/spool/parts.h"
#include "tests/unit/spool/fixture.h"
#include "tests/unit/test.h"

#define MS INT64_C(1000000)

/* Appends one; what does not fit after a commit is dropped, as a spool's owner does. Its number. */
static uint64_t offer(struct gad_spool *s, int64_t now, bool *ret_stored)
{
    struct gad_spool_status st;
    uint8_t p[SPOOL_PAYLOAD_MAX];

    gad_spool_status(s, &st);
    size_t len = spool_payload(st.next, p);
    int r = gad_spool_append(s, SPOOL_KIND, (struct gad_time){(int64_t)st.next}, p, len, NULL);
    if (r == GAD_MORE) {
        int committed = gad_spool_commit(s, (struct gad_time){now});
        (void)committed;
        r = gad_spool_append(s, SPOOL_KIND, (struct gad_time){(int64_t)st.next}, p, len, NULL);
    }
    *ret_stored = r == 0;
    if (r != 0)
        gad_spool_drop(s, 1);
    return st.next;
}

/* Each operation of a run fails once, with each error, in each mode: every record arrives, and the
 * files are right. */
static void fail_each(const char *directory, enum gad_spool_sync sync, char only, int error,
                      bool is_short)
{
    for (long k = 1;; k++) {
        struct spool_faults f = {.only = only, .error = error, .is_short = is_short};
        struct gad_spool_io io = spool_faulty(&f);
        struct gad_spool_options o = spool_options(sync);
        bool stored;
        int64_t now = 0;
        unsigned c;

        o.io = &io;
        o.quota = 64 * o.segment_max;
        struct gad_spool *s = spool_open(directory, &o, NULL);
        struct gad_spool_reader *r = NULL;
        uint64_t n_read = 0;
        assert_int_equal(gad_spool_reader_open(directory, 1, &r, NULL), 0);
        assert_int_equal(gad_spool_cursor(s, "out", true, &c), 0);
        f.n = 0;
        f.at = k;
        for (int round = 0; round < 60; round++) {
            for (int i = 0; i < 40; i++) {
                (void)offer(s, now, &stored);
                assert_true(stored);
            }
            now += 150 * MS;
            int err = gad_spool_commit(s, (struct gad_time){now});
            assert_true(err == 0 || err == -error);
            struct spool_tally t = spool_read(r, spool_limit(s));
            assert_int_equal(t.lost, 0);
            n_read += t.records;
            assert_int_equal(n_read, spool_limit(s) - 1);
        }
        gad_spool_reader_close(r);
        bool failed = f.n_failed > 0;
        f.at = 0;
        assert_int_equal(gad_spool_finish(s, (struct gad_time){now}), 0);
        assert_int_equal(spool_limit(s), 60 * 40 + 1);
        gad_spool_close(s);
        struct spool_tally t = spool_read_from(directory, 1, 60 * 40 + 1);
        assert_true(t.records == 60 * 40 && t.lost == 0);
        spool_empty(directory);
        if (!failed)
            return;
    }
}

static void a_write_that_fails_once_costs_nothing(void **state)
{
    for (int sync = GAD_SPOOL_ALWAYS; sync <= GAD_SPOOL_NEVER; sync++) {
        fail_each(*state, (enum gad_spool_sync)sync, 'w', ENOSPC, false);
        fail_each(*state, (enum gad_spool_sync)sync, 'w', EIO, true);
    }
}

static void a_sync_that_fails_once_costs_nothing(void **state)
{
    fail_each(*state, GAD_SPOOL_ALWAYS, 's', EIO, false);
    fail_each(*state, GAD_SPOOL_INTERVAL, 's', EIO, false);
}

/* What it left on the disk is unknown: later records go to another segment. */
static void a_segment_whose_sync_failed_gets_no_more_records(void **state)
{
    for (int sync = GAD_SPOOL_ALWAYS; sync <= GAD_SPOOL_INTERVAL; sync++) {
        struct spool_faults f = {.error = EIO, .only = 's'};
        struct gad_spool_io io = spool_faulty(&f);
        struct gad_spool_options o = spool_options((enum gad_spool_sync)sync);
        struct gad_spool_status st;
        bool stored;

        o.io = &io;
        struct gad_spool *s = spool_open(*state, &o, NULL);
        spool_add(s, 3, 1);
        size_t len = spool_file_size(*state, "0000000000000001.seg");
        f.n = 0;
        f.at = 1;
        (void)offer(s, 1, &stored);
        assert_int_equal(gad_spool_commit(s, (struct gad_time){100 * MS}),
                         sync == GAD_SPOOL_ALWAYS ? -EIO : 0);
        if (sync == GAD_SPOOL_INTERVAL) {
            len = spool_file_size(*state, "0000000000000001.seg");
            assert_int_equal(gad_spool_commit(s, (struct gad_time){900 * MS}), -EIO);
        }
        (void)offer(s, 1, &stored);
        assert_int_equal(gad_spool_commit(s, (struct gad_time){2000 * MS}), 0);
        gad_spool_status(s, &st);
        assert_int_equal(st.n_segments, 2);
        assert_int_equal(spool_file_size(*state, "0000000000000001.seg"), len);
        assert_int_equal(spool_read_from(*state, 1, st.end).records, 5);
        gad_spool_close(s);
        spool_empty(*state);
    }
}

static void an_open_that_fails_once_costs_nothing(void **state)
{
    fail_each(*state, GAD_SPOOL_ALWAYS, 'o', EMFILE, false);
    fail_each(*state, GAD_SPOOL_NEVER, 'o', EROFS, false);
}

static void any_operation_that_fails_once_costs_nothing(void **state)
{
    fail_each(*state, GAD_SPOOL_ALWAYS, 0, EIO, true);
}

/* All operations fail for a while: the group holds what it can, the rest is dropped, and the count
 * is exact. */
static void fail_for_a_while(const char *directory, int error, char only, bool is_short)
{
    struct spool_faults f = {.only = only, .error = error};
    struct gad_spool_io io = spool_faulty(&f);
    struct gad_spool_options o = spool_options(GAD_SPOOL_ALWAYS);
    uint64_t n_dropped = 0, seq = 0;
    bool stored;
    int64_t now = 0;

    o.io = &io;
    struct gad_spool *s = spool_open(directory, &o, NULL);
    spool_add(s, 10, now);
    f.for_ever = true;
    f.is_short = is_short;
    for (int i = 0; i < 5000; i++) {
        seq = offer(s, now += MS, &stored);
        n_dropped += !stored;
        if (i % 100 == 0)
            assert_int_equal(gad_spool_commit(s, (struct gad_time){now}), -error);
    }
    assert_true(n_dropped > 1000);
    assert_true(f.n_failed < 400); /* a broken disk is left alone between tries */
    assert_int_equal(spool_read_from(directory, 1, spool_limit(s)).records, 10);

    f.for_ever = false;
    now += 200 * MS;
    spool_add(s, 10, now);
    struct spool_tally t = spool_read_from(directory, 1, spool_limit(s));
    assert_int_equal(t.lost, n_dropped);
    assert_int_equal(t.records, seq - n_dropped + 10);
    struct gad_spool_status st;
    gad_spool_status(s, &st);
    assert_int_equal(st.totals.dropped, n_dropped);
    assert_int_equal(st.failure, 0);
    spool_end(s);
    t = spool_read_from(directory, 1, seq + 11);
    assert_int_equal(t.lost, n_dropped);
    spool_empty(directory);
}

static void a_disk_that_fails_for_a_while_loses_an_exact_number(void **state)
{
    static const int errors[] = {ENOSPC, EIO, EROFS, EDQUOT, EFBIG};

    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        fail_for_a_while(*state, errors[i], 'w', false);
        fail_for_a_while(*state, errors[i], 0, false);
        fail_for_a_while(*state, errors[i], 's', false);
    }
    fail_for_a_while(*state, ENOSPC, 'w', true);
}

/* A crash at the end of any of it: no record that was committed is missing. */
static void a_crash_after_any_failure_loses_nothing(void **state)
{
    for (long k = 1; k < 60; k++) {
        struct spool_faults f = {.error = EIO, .is_short = k % 2 == 0};
        struct gad_spool_io io = spool_faulty(&f);
        struct gad_spool_options o = spool_options(GAD_SPOOL_ALWAYS);
        bool stored;

        o.io = &io;
        struct gad_spool *s = spool_open(*state, &o, NULL);
        f.n = 0;
        f.at = k;
        for (int round = 0; round < 20 && f.n_failed == 0; round++) {
            for (int i = 0; i < 40; i++)
                (void)offer(s, 1, &stored);
            int r = gad_spool_commit(s, (struct gad_time){round * 150 * MS});
            (void)r;
        }
        uint64_t end = spool_limit(s);
        gad_spool_close(s);
        o.io = NULL;
        s = spool_open(*state, &o, NULL);
        assert_true(spool_limit(s) >= end);
        struct spool_tally t = spool_read_from(*state, 1, end);
        assert_int_equal(t.records, end - 1);
        spool_end(s);
        spool_empty(*state);
    }
}

static void opening_fails_cleanly_at_each_operation(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_ALWAYS);

    for (long k = 1;; k++) {
        struct spool_faults f = {.at = k, .error = EIO};
        struct gad_spool_io io = spool_faulty(&f);
        struct gad_spool *s = NULL;
        struct gad_diag d = {""};
        o.io = &io;
        int r = gad_spool_open(*state, &o, &s, NULL, &d);
        if (r == 0 && f.n_failed == 0) {
            gad_spool_close(s);
            assert_true(k > 4);
            return;
        }
        if (r != 0)
            assert_non_null(strstr(d.text, "Input/output error"));
        gad_spool_close(s);
        o.io = NULL;
        s = spool_open(*state, &o, NULL); /* and after that it is well */
        spool_add(s, 1, 1);
        gad_spool_close(s);
    }
}

static void every_failed_allocation_is_survived(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_NEVER);
    struct gad_spool *s = spool_open(*state, &o, NULL);
    struct gad_spool_reader *r = NULL;
    bool done = false;

    spool_add(s, 100, 1);
    spool_end(s);
    for (long k = 1; !done; k++) {
        s = NULL;
        gad_mem_fail_at(k);
        int err = gad_spool_open(*state, &o, &s, NULL, NULL);
        if (err == 0)
            err = gad_spool_reader_open(*state, 1, &r, NULL);
        gad_mem_fail_at(0);
        done = err == 0;
        assert_true(done || err == GAD_ENOMEM);
        gad_spool_close(s);
    }
    struct spool_tally t = spool_read(r, 101);
    assert_true(t.records == 100 && t.lost == 0);
    gad_spool_reader_close(r);

    /* Later the list of segments alone grows: the group waits. */
    s = spool_open(*state, &o, NULL);
    s->directory.cap = s->directory.n;
    spool_add(s, 1, 1);
    s->directory.cap = s->directory.n;
    gad_spool_seal(s);
    assert_int_equal(gad_spool_append(s, SPOOL_KIND, (struct gad_time){1}, "x", 1, NULL), 0);
    gad_mem_fail_at(1);
    assert_int_equal(gad_spool_commit(s, (struct gad_time){1}), GAD_ENOMEM);
    gad_mem_fail_at(0);
    assert_int_equal(gad_spool_commit(s, (struct gad_time){MS * 200}), 0);
    gad_spool_close(s);
}

/* The kernel's own refusal in the middle of a write. */
static void a_file_size_limit_of_the_kernel_is_met_cleanly(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_ALWAYS);
    struct rlimit old, small;
    uint64_t n_dropped = 0;
    bool stored;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 100000;
    struct gad_spool *s = spool_open(*state, &o, NULL);
    void (*was)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    for (int i = 0; i < 3000; i++) {
        (void)offer(s, i * MS, &stored);
        n_dropped += !stored;
        if (i % 30 == 0) {
            int r = gad_spool_commit(s, (struct gad_time){i * MS});
            assert_true(r == 0 || r == -EFBIG);
        }
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    (void)signal(SIGXFSZ, was);
    assert_true(n_dropped > 0);
    assert_int_equal(gad_spool_commit(s, (struct gad_time){10000 * MS}), 0);
    spool_add(s, 1, 11000 * MS);
    struct spool_tally t = spool_read_from(*state, 1, spool_limit(s));
    assert_int_equal(t.records, 3001 - n_dropped);
    assert_int_equal(t.lost, n_dropped);
    gad_spool_close(s);
}

/* A file system of 1 MiB with a quota of 16: it is full long before. Needs to be allowed to
 * mount. */
static void a_full_file_system_is_met_cleanly(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_ALWAYS);
    uint64_t n_dropped = 0;
    unsigned c;
    bool stored;

    if (mount("tmpfs", *state, "tmpfs", 0, "size=1m") != 0) {
        print_message("not allowed to mount: skipped\n");
        skip();
    }
    o.quota = 64 * o.segment_max;
    struct gad_spool *s = spool_open(*state, &o, NULL);
    assert_int_equal(gad_spool_cursor(s, "out", true, &c), 0);
    for (int i = 0; i < 10000; i++) {
        (void)offer(s, i * MS, &stored);
        n_dropped += !stored;
    }
    struct gad_spool_status st;
    gad_spool_status(s, &st);
    assert_true(n_dropped > 2000 && st.failure == -ENOSPC && st.totals.evicted == 0);

    /* The output reconnects and takes everything: the spool has room again without intervention. */
    gad_spool_ack(s, c, st.end, 0);
    int r = gad_spool_commit(s, (struct gad_time){20000 * MS});
    (void)r;
    spool_add(s, 10, 20200 * MS);
    struct spool_tally t = spool_read_from(*state, st.end, spool_limit(s));
    assert_int_equal(t.lost, n_dropped);
    assert_int_equal(t.records, 10010 - n_dropped - (st.end - 1));
    gad_spool_close(s);
    assert_int_equal(umount(*state), 0);
}

int main(void)
{
#define IN_DIRECTORY(f)                                                                            \
    cmocka_unit_test_setup_teardown(f, spool_directory_new, spool_directory_remove)
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(a_write_that_fails_once_costs_nothing),
        IN_DIRECTORY(a_sync_that_fails_once_costs_nothing),
        IN_DIRECTORY(a_segment_whose_sync_failed_gets_no_more_records),
        IN_DIRECTORY(an_open_that_fails_once_costs_nothing),
        IN_DIRECTORY(any_operation_that_fails_once_costs_nothing),
        IN_DIRECTORY(a_disk_that_fails_for_a_while_loses_an_exact_number),
        IN_DIRECTORY(a_crash_after_any_failure_loses_nothing),
        IN_DIRECTORY(opening_fails_cleanly_at_each_operation),
        IN_DIRECTORY(every_failed_allocation_is_survived),
        IN_DIRECTORY(a_file_size_limit_of_the_kernel_is_met_cleanly),
        IN_DIRECTORY(a_full_file_system_is_met_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
