/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/spool_writer.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>

#include "lib/spool/directory.h"
#include "lib/spool/reader.h"
#include "tests/unit/spool/fixture.h"
#include "tests/unit/test.h"

static struct spool_writer *writer_of(const char *directory, const struct gad_spool_options *o)
{
    struct spool_writer *w = NULL;

    assert_int_equal(spool_writer_new(directory, o, &w, NULL, NULL), 0);
    return w;
}

/* Adds record @seq; false if it was dropped. */
static bool add(struct spool_writer *w, uint64_t seq)
{
    uint8_t p[SPOOL_PAYLOAD_MAX];
    bool dropped;
    size_t len = spool_payload(seq, p);

    assert_int_equal(
        spool_writer_add(w, SPOOL_KIND, (struct gad_time){(int64_t)seq}, p, len, &dropped), seq);
    return !dropped;
}

static void wait_for(struct spool_writer *w, uint64_t end)
{
    struct pollfd p = {.fd = spool_writer_fd(w), .events = POLLIN};

    while (spool_writer_end(w) < end) {
        if (!spool_writer_arm(w) && spool_writer_end(w) < end)
            assert_int_equal(poll(&p, 1, 10000), 1);
        spool_writer_take(w);
    }
}

static void records_are_committed_without_waiting_for_more(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_ALWAYS);
    gad_cleanup(spool_writer_freep) struct spool_writer *w = writer_of(*state, &o);

    assert_int_equal(spool_writer_start(w), 0);
    for (uint64_t seq = 1; seq <= 50; seq++) {
        assert_true(add(w, seq));
        spool_writer_flush(w, false);
        wait_for(w, seq + 1);
    }
    struct spool_tally t = spool_read_from(*state, 1, spool_writer_end(w));
    assert_true(t.records == 50 && t.lost == 0);
    assert_int_equal(spool_writer_stop(w), 0);
    assert_int_equal(spool_writer_status(w)->totals.committed, 50);
}

static void one_that_was_never_started_leaves_the_spool_in_order(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_ALWAYS);

    for (int i = 0; i < 3; i++) {
        struct gad_spool_recovery found = {0};
        struct spool_writer *w = NULL;
        assert_int_equal(spool_writer_new(*state, &o, &w, &found, NULL), 0);
        assert_false(found.unclean);
        assert_int_equal(spool_writer_end(w), 1);
        spool_writer_free(w);
    }
}

static void a_stop_commits_what_was_added(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_INTERVAL);
    struct gad_spool_recovery found;
    uint64_t seq = 1, n_stored = 0;

    o.quota = 256 * o.segment_max;
    for (int i = 0; i < 5; i++) {
        struct spool_writer *w = writer_of(*state, &o);
        assert_int_equal(spool_writer_start(w), 0);
        for (int n = 0; n < 20000; n++) {
            n_stored += add(w, seq++);
            if (n % 100 == 0)
                spool_writer_flush(w, false);
        }
        assert_int_equal(spool_writer_stop(w), 0);
        assert_int_equal(spool_writer_status(w)->next, seq);
        spool_writer_free(w);
    }
    struct gad_spool *s = spool_open(*state, &o, &found);
    assert_false(found.unclean);
    spool_add(s, 1, 1);
    struct spool_tally t = spool_read_from(*state, 1, spool_limit(s));
    assert_int_equal(t.records, n_stored + 1);
    assert_int_equal(t.lost, 100000 - n_stored);
    gad_spool_close(s);
}

/* A disk that hangs in a sync until the gate is opened. */
struct gate {
    pthread_mutex_t lock;
    pthread_cond_t opened;
    bool closed;
};

static int gated_sync(void *arg, int fd)
{
    struct gate *g = arg;

    (void)pthread_mutex_lock(&g->lock);
    while (g->closed)
        (void)pthread_cond_wait(&g->opened, &g->lock);
    (void)pthread_mutex_unlock(&g->lock);
    return gad_spool_system.sync(NULL, fd);
}

static void set_gate(struct gate *g, bool closed)
{
    (void)pthread_mutex_lock(&g->lock);
    g->closed = closed;
    (void)pthread_cond_broadcast(&g->opened);
    (void)pthread_mutex_unlock(&g->lock);
}

static void a_disk_that_hangs_holds_up_nothing_and_every_drop_is_counted(void **state)
{
    struct gate g = {.lock = PTHREAD_MUTEX_INITIALIZER, .opened = PTHREAD_COND_INITIALIZER};
    struct gad_spool_io io = gad_spool_system;
    struct gad_spool_options o = spool_options(GAD_SPOOL_ALWAYS);
    uint64_t seq = 1, n_dropped = 0;

    io.sync = gated_sync;
    io.arg = &g;
    o.io = &io;
    o.quota = 256 * o.segment_max;
    gad_cleanup(spool_writer_freep) struct spool_writer *w = writer_of(*state, &o);
    assert_int_equal(spool_writer_start(w), 0);
    set_gate(&g, true);
    assert_true(spool_writer_room(w) > SPOOL_BLOCKS * (size_t)SPOOL_BLOCK_LEN / 2);
    for (; n_dropped < 1000; seq++)
        n_dropped += !add(w, seq); /* never waits */
    assert_int_equal(spool_writer_room(w), 0);
    assert_true(seq > SPOOL_BLOCKS * 1000);
    spool_writer_flush(w, true);
    set_gate(&g, false);
    wait_for(w, seq - n_dropped);
    while (!add(w, seq)) /* the first block may still be on its way back */
        n_dropped++, seq++;
    seq++;
    spool_writer_flush(w, false);
    wait_for(w, seq);
    struct spool_tally t = spool_read_from(*state, 1, seq);
    assert_int_equal(t.lost, n_dropped);
    assert_int_equal(t.records, seq - 1 - n_dropped);
    assert_int_equal(spool_writer_stop(w), 0);
    assert_int_equal(spool_writer_status(w)->totals.dropped, n_dropped);
}

static void a_disk_that_fails_is_tried_again_without_being_asked(void **state)
{
    struct spool_faults f = {.error = ENOSPC, .only = 'w'};
    struct gad_spool_io io = spool_faulty(&f);
    struct gad_spool_options o = spool_options(GAD_SPOOL_ALWAYS);

    o.io = &io;
    gad_cleanup(spool_writer_freep) struct spool_writer *w = writer_of(*state, &o);
    f.n = 0;
    f.at = 1;
    assert_int_equal(spool_writer_start(w), 0);
    assert_true(add(w, 1));
    spool_writer_flush(w, false);
    wait_for(w, 2); /* nothing more is sent */
    assert_int_equal(spool_writer_stop(w), 0);
    assert_int_equal(f.n_failed, 1);
    assert_int_equal(spool_read_from(*state, 1, 2).records, 1);
}

static void acknowledgements_reach_the_state(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_ALWAYS);
    struct spool_writer *w = writer_of(*state, &o);
    unsigned c;

    assert_int_equal(gad_spool_cursor(spool_writer_spool(w), "out", true, &c), 0);
    assert_int_equal(spool_writer_start(w), 0);
    for (uint64_t seq = 1; seq <= 10; seq++)
        assert_true(add(w, seq));
    spool_writer_flush(w, false);
    wait_for(w, 11);
    spool_writer_ack(w, c, 5, 1);
    spool_writer_ack(w, c, 8, 1);
    spool_writer_flush(w, false);
    spool_writer_ack(w, c, 9, 0);
    assert_int_equal(spool_writer_stop(w), 0);
    spool_writer_free(w);
    struct gad_spool *s = spool_open(*state, &o, NULL);
    assert_int_equal(gad_spool_cursor_at(s, c)->next, 9);
    assert_int_equal(gad_spool_cursor_at(s, c)->lost, 2);
    gad_spool_close(s);
}

int main(void)
{
#define IN_DIRECTORY(f)                                                                            \
    cmocka_unit_test_setup_teardown(f, spool_directory_new, spool_directory_remove)
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(one_that_was_never_started_leaves_the_spool_in_order),
        IN_DIRECTORY(records_are_committed_without_waiting_for_more),
        IN_DIRECTORY(a_stop_commits_what_was_added),
        IN_DIRECTORY(a_disk_that_hangs_holds_up_nothing_and_every_drop_is_counted),
        IN_DIRECTORY(a_disk_that_fails_is_tried_again_without_being_asked),
        IN_DIRECTORY(acknowledgements_reach_the_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
