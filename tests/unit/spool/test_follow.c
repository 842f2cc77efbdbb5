/* SPDX-License-Identifier: Apache-2.0 */
/* Readers in threads of their own, at the heels of the writer. They share one number with it. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "tests/unit/spool/fixture.h"
#include "tests/unit/test.h"

enum { READERS = 3, RECORDS = 60000 };

struct follower {
    const char *directory;
    _Atomic uint64_t *limit;
    _Atomic uint64_t done; /* numbers before it are read */
    uint64_t records, lost, bad;
    bool lazy; /* looks seldom */
    pthread_t thread;
};

/* No assertion in a thread: cmocka would jump out of it. */
static void *follow(void *arg)
{
    struct follower *f = arg;
    struct gad_spool_reader *r = NULL;
    struct gad_spool_item item;
    uint8_t want[SPOOL_PAYLOAD_MAX];

    if (gad_spool_reader_open(f->directory, 1, &r, NULL) != 0) {
        f->bad = UINT64_MAX;
        atomic_store(&f->done, RECORDS + 1);
        return NULL;
    }
    while (gad_spool_reader_at(r) <= RECORDS) {
        uint64_t limit = atomic_load(f->limit);
        if (f->lazy && limit <= RECORDS && limit < gad_spool_reader_at(r) + RECORDS / 7) {
            (void)sched_yield();
            continue;
        }
        int err;
        while ((err = gad_spool_reader_next(r, limit, &item)) == 0) {
            f->lost += item.p ? 0 : item.end - item.seq;
            f->records += item.p != NULL;
            f->bad += item.p && (item.len != spool_payload(item.seq, want) ||
                                 memcmp(item.p, want, item.len) != 0);
        }
        f->bad += err != GAD_END;
        atomic_store(&f->done, gad_spool_reader_at(r));
    }
    gad_spool_reader_close(r);
    return NULL;
}

static void run(const char *directory, uint64_t quota, struct follower f[static READERS],
                struct gad_spool_status *ret)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_NEVER);
    _Atomic uint64_t limit = 1;
    unsigned c[READERS];
    static const char *const names[READERS] = {"a", "b", "lazy"};

    o.quota = quota;
    struct gad_spool *s = spool_open(directory, &o, NULL);
    for (int i = 0; i < READERS; i++) {
        f[i] = (struct follower){.directory = directory, .limit = &limit, .lazy = i == 2};
        assert_int_equal(gad_spool_cursor(s, names[i], true, &c[i]), 0);
        assert_int_equal(pthread_create(&f[i].thread, NULL, follow, &f[i]), 0);
    }
    for (size_t n = 0; n < RECORDS;) {
        size_t batch = 1 + n % 97 < RECORDS - n ? 1 + n % 97 : RECORDS - n;
        spool_add(s, batch, (int64_t)n * 1000000);
        n += batch;
        atomic_store(&limit, spool_limit(s));
        for (int i = 0; i < READERS; i++)
            gad_spool_ack(
                s, c[i], atomic_load(&f[i].done) < spool_limit(s) ? atomic_load(&f[i].done) : 1, 0);
    }
    for (int i = 0; i < READERS; i++)
        (void)pthread_join(f[i].thread, NULL);
    gad_spool_status(s, ret);
    gad_spool_close(s);
}

static void readers_get_every_record_while_it_is_written(void **state)
{
    struct follower f[READERS];
    struct gad_spool_status st;

    run(*state, 64 << 20, f, &st);
    for (int i = 0; i < READERS; i++) {
        assert_int_equal(f[i].bad, 0);
        assert_int_equal(f[i].lost, 0);
        assert_int_equal(f[i].records, RECORDS);
    }
    assert_int_equal(st.totals.evicted, 0);
}

/* With a small quota segments vanish under the one that is late and it says how much it missed. */
static void a_late_reader_counts_what_the_quota_took(void **state)
{
    struct follower f[READERS];
    struct gad_spool_status st;

    run(*state, 2 * GAD_SPOOL_SEGMENT_MIN, f, &st);
    for (int i = 0; i < READERS; i++) {
        assert_int_equal(f[i].bad, 0);
        assert_int_equal(f[i].records + f[i].lost, RECORDS);
    }
    assert_true(f[2].lost > 0 && st.totals.evicted > 0);
}

int main(void)
{
#define IN_DIRECTORY(f)                                                                            \
    cmocka_unit_test_setup_teardown(f, spool_directory_new, spool_directory_remove)
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(readers_get_every_record_while_it_is_written),
        IN_DIRECTORY(a_late_reader_counts_what_the_quota_took),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
