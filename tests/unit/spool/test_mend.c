/* SPDX-License-Identifier: Apache-2.0 */
/* Someone deletes, renames or replaces the files of a spool that is open: what is still there
 * arrives. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "lib/spool/inspect.h"
#include "lib/spool/parts.h"
#include "tests/unit/spool/fixture.h"
#include "tests/unit/test.h"

#define SECOND INT64_C(1000000000)

enum { N = 20 };

static const char segment[] = "0000000000000001.seg";

struct spool {
    char path[2 * SPOOL_PATH], other[2 * SPOOL_PATH];
    struct gad_spool *s;
    struct gad_spool_reader *r;
    unsigned cursor;
    int64_t now;
};

/* A spool in a directory within the test's, which can be deleted; N records; a reader at the
 * beginning. */
static void begin(struct spool *t, const char *directory, const struct gad_spool_options *o)
{
    (void)snprintf(t->path, sizeof(t->path), "%s/spool", directory);
    (void)snprintf(t->other, sizeof(t->other), "%s/other", directory);
    t->s = spool_open(t->path, o, NULL);
    t->now = SECOND;
    assert_int_equal(gad_spool_cursor(t->s, "out", true, &t->cursor), 0);
    spool_add(t->s, N, t->now);
    assert_int_equal(gad_spool_reader_open(t->path, 1, &t->r, NULL), 0);
}

static void end(struct spool *t)
{
    gad_spool_reader_close(t->r);
    gad_spool_close(t->s);
    spool_empty(t->path);
    assert_int_equal(rmdir(t->path), 0);
}

static void add_and_read_all(struct spool *t, size_t n, uint64_t records)
{
    spool_add(t->s, n, t->now += 2 * SECOND);
    struct spool_tally tally = spool_read(t->r, spool_limit(t->s));
    assert_int_equal(tally.records, records);
    assert_int_equal(tally.lost + tally.unused, 0);
}

static unsigned missed(const struct gad_spool *s, uint64_t *ret_mended)
{
    struct gad_spool_status st;

    gad_spool_status(s, &st);
    *ret_mended = st.mended;
    return st.missed;
}

/* With a reader that has the segment open, with one that has not, and from the outside. */
static void a_deleted_directory_is_made_again_with_what_is_open(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_INTERVAL);
    uint64_t mended;

    for (int has_read = 0; has_read < 2; has_read++) {
        struct spool t;
        begin(&t, *state, &o);
        if (has_read)
            assert_int_equal(spool_read(t.r, 11).records, 10);
        spool_empty(t.path);
        assert_int_equal(rmdir(t.path), 0);
        add_and_read_all(&t, 5, has_read ? N - 10 + 5 : N + 5);
        assert_int_equal(missed(t.s, &mended), GAD_SPOOL_MISSED_DIRECTORY);
        assert_int_equal(mended, 1);
        add_and_read_all(&t, 5, 5);
        missed(t.s, &mended);
        assert_int_equal(mended, 1);
        assert_int_equal(spool_read_from(t.path, 1, spool_limit(t.s)).records, N + 10);
        end(&t);
    }
}

/* Also when nothing is appended: a commit without a group checks, too. */
static void deleted_files_are_made_again(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_ALWAYS);
    struct gad_spool_recovery found;
    uint64_t mended;
    struct spool t;

    begin(&t, *state, &o);
    spool_empty(t.path);
    assert_int_equal(gad_spool_commit(t.s, (struct gad_time){t.now += 2 * SECOND}), 0);
    assert_int_equal(missed(t.s, &mended), GAD_SPOOL_MISSED_STATE | GAD_SPOOL_MISSED_ACTIVE);
    assert_true(spool_has(t.path, segment) && spool_has(t.path, GAD_SPOOL_STATE_NAME));
    add_and_read_all(&t, 5, N + 5);
    gad_spool_close(t.s); /* and after a crash everything is there */
    t.s = spool_open(t.path, &o, &found);
    assert_true(found.unclean && !found.state_lost && found.unused_end == 0);
    assert_int_equal(spool_read_from(t.path, 1, spool_limit(t.s)).records, N + 5);
    end(&t);
}

/* A sealed segment was deleted. Its records are a loss, which is counted before a reader arrives
 * there. */
static void a_deleted_segment_is_a_loss_that_is_known_at_once(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_NEVER);
    struct gad_spool_status st;
    uint64_t mended;
    struct spool t;

    begin(&t, *state, &o);
    assert_int_equal(spool_read(t.r, 6).records, 5);
    o.quota = 64 * o.segment_max;
    for (int i = 0; i < 200; i++)
        spool_add(t.s, 20, t.now);
    gad_spool_status(t.s, &st);
    assert_true(st.n_segments >= 3);
    uint64_t second = t.s->directory.seg[1].first, third = t.s->directory.seg[2].first;
    char name[GAD_SPOOL_FILE_NAME], path[4 * SPOOL_PATH];
    gad_spool_segment_name(second, name);
    (void)snprintf(path, sizeof(path), "%s/%s", t.path, name);
    assert_int_equal(unlink(path), 0);
    (void)snprintf(path, sizeof(path), "%s/%s", t.path, segment);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(gad_spool_commit(t.s, (struct gad_time){t.now += 2 * SECOND}), 0);
    assert_int_equal(missed(t.s, &mended), GAD_SPOOL_MISSED_OTHER);
    gad_spool_status(t.s, &st);
    assert_int_equal(st.totals.removed, 2);
    assert_int_equal(st.oldest, third);

    gad_spool_reader_look(t.r);
    struct gad_spool_place place = {6, gad_spool_reader_gone(t.r), 6};
    assert_int_equal(place.gone, third); /* the directory has no nearer successor any more */
    struct spool_tally tally = spool_read(t.r, st.end);
    assert_int_equal(tally.lost, third - second);
    assert_int_equal(tally.records, st.end - third + second - 6);
    place = (struct gad_spool_place){1, 1, 1}; /* one that has nothing open */
    struct gad_spool_share share = gad_spool_gaps_share(&st.gaps, st.oldest, st.end, &place);
    assert_int_equal(share.lost, third - 1);
    assert_int_equal(share.waiting, st.end - third);
    end(&t);
}

/* mv spool other: the writer carries all segments to the directory where the next start expects
 * them. */
static void a_renamed_directory_is_left_and_everything_taken_along(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_ALWAYS);
    struct spool t;
    uint64_t mended;

    begin(&t, *state, &o);
    o.quota = 64 * o.segment_max;
    for (int i = 0; i < 100; i++)
        spool_add(t.s, 20, t.now);
    uint64_t n = spool_limit(t.s) - 1;
    assert_int_equal(rename(t.path, t.other), 0);
    add_and_read_all(&t, 5, n + 5);
    assert_int_equal(missed(t.s, &mended), GAD_SPOOL_MISSED_DIRECTORY);
    assert_int_equal(spool_read_from(t.path, 1, spool_limit(t.s)).records, n + 5);
    assert_int_equal(spool_read_from(t.other, 1, n + 1).records,
                     n);                            /* and the old ones stay as they were */
    gad_spool_close(spool_open(t.other, &o, NULL)); /* no one holds its lock */
    spool_empty(t.other);
    assert_int_equal(rmdir(t.other), 0);
    end(&t);
}

/* Two processes never write to one directory: the one that lost it waits, and keeps what fits in
 * memory. */
static void a_directory_that_another_one_took_is_left_to_it(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_ALWAYS);
    struct spool t;

    begin(&t, *state, &o);
    spool_empty(t.path);
    assert_int_equal(rmdir(t.path), 0);
    o.salt++; /* a directory of another spool */
    struct gad_spool *second = spool_open(t.path, &o, NULL);
    spool_add(second, 3, 1);
    assert_int_equal(gad_spool_append(t.s, SPOOL_KIND, (struct gad_time){N + 1}, "x", 1, NULL), 0);
    assert_int_equal(gad_spool_commit(t.s, (struct gad_time){t.now += SECOND}), -EWOULDBLOCK);
    assert_int_equal(spool_limit(t.s), N + 1);
    assert_int_equal(spool_read_from(t.path, 1, spool_limit(second)).records, 3);
    gad_spool_close(second); /* its records stay in the way */
    assert_int_equal(gad_spool_commit(t.s, (struct gad_time){t.now += SECOND}), -EEXIST);
    spool_empty(t.path);
    assert_int_equal(gad_spool_commit(t.s, (struct gad_time){t.now += SECOND}), 0);
    assert_int_equal(spool_limit(t.s), N + 2);
    struct gad_spool *third = NULL;
    assert_int_equal(gad_spool_open(t.path, &o, &third, NULL, NULL), -EWOULDBLOCK);
    end(&t);
}

/* A state that is deleted takes its lock with it: the next writer locks a new file. */
static void a_state_that_another_one_made_is_not_taken_from_it(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_ALWAYS);
    char path[4 * SPOOL_PATH];
    struct spool t;

    begin(&t, *state, &o);
    (void)snprintf(path, sizeof(path), "%s/%s", t.path, GAD_SPOOL_STATE_NAME);
    assert_int_equal(unlink(path), 0);
    struct gad_spool *second = spool_open(t.path, &o, NULL);
    assert_int_equal(gad_spool_commit(t.s, (struct gad_time){t.now += SECOND}), -EWOULDBLOCK);
    gad_spool_close(second);
    assert_int_equal(gad_spool_commit(t.s, (struct gad_time){t.now += SECOND}), 0);
    assert_int_equal(gad_spool_open(t.path, &o, &second, NULL, NULL), -EWOULDBLOCK);
    end(&t);
}

/* Each operation fails once: nothing is lost, and a start after a crash at any of them finds unused
 * numbers. */
static void mending_that_fails_at_any_operation_is_tried_again(void **state)
{
    for (long k = 1;; k++) {
        struct spool_faults f = {.error = ENOSPC};
        struct gad_spool_io io = spool_faulty(&f);
        struct gad_spool_options o = spool_options(GAD_SPOOL_ALWAYS);
        struct gad_spool_status st;
        struct spool t;

        o.io = &io;
        begin(&t, *state, &o);
        spool_empty(t.path);
        if (k % 2 == 0)
            assert_int_equal(rmdir(t.path), 0);
        f.n = 0;
        f.at = k;
        int r = gad_spool_commit(t.s, (struct gad_time){t.now += SECOND});
        bool failed = f.n_failed > 0;
        f.at = 0;
        assert_true(r == 0 || (failed && r == -ENOSPC));
        add_and_read_all(&t, 5, N + 5);
        gad_spool_status(t.s, &st);
        assert_true(st.mended >= 1 && st.failure == 0);
        gad_spool_close(t.s);
        o.io = NULL;
        t.s = spool_open(t.path, &o, NULL);
        assert_int_equal(spool_limit(t.s), N + 6);
        end(&t);
        if (!failed) {
            assert_true(k > 6);
            return;
        }
    }
}

/* A crash between the operations: the numbers of a spool that was deleted are not used again. */
static void a_crash_while_mending_uses_no_number_again(void **state)
{
    int n_new = 0;

    for (long k = 1; k < 12; k++) {
        struct spool_faults f = {.error = EIO};
        struct gad_spool_io io = spool_faulty(&f);
        struct gad_spool_options o = spool_options(GAD_SPOOL_ALWAYS);
        struct gad_spool_recovery found;
        struct gad_spool_status st;
        struct spool t;

        o.io = &io;
        begin(&t, *state, &o);
        spool_empty(t.path);
        assert_int_equal(rmdir(t.path), 0);
        f.n = 0;
        f.at = k;
        f.and_on = true;
        int r = gad_spool_commit(t.s, (struct gad_time){t.now += SECOND});
        (void)r;
        gad_spool_close(t.s);
        o.io = NULL;
        t.s = spool_open(t.path, &o, &found);
        gad_spool_status(t.s, &st);
        if (found.is_new) /* nothing of the state was written yet */
            assert_int_equal(st.n_segments, 0);
        else
            assert_true(st.next > N);
        n_new += found.is_new;
        end(&t);
    }
    assert_int_equal(n_new, 2); /* opening the state, and the first write of it */
}

int main(void)
{
#define IN_DIRECTORY(f)                                                                            \
    cmocka_unit_test_setup_teardown(f, spool_directory_new, spool_directory_remove)
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(a_deleted_directory_is_made_again_with_what_is_open),
        IN_DIRECTORY(deleted_files_are_made_again),
        IN_DIRECTORY(a_deleted_segment_is_a_loss_that_is_known_at_once),
        IN_DIRECTORY(a_renamed_directory_is_left_and_everything_taken_along),
        IN_DIRECTORY(a_directory_that_another_one_took_is_left_to_it),
        IN_DIRECTORY(a_state_that_another_one_made_is_not_taken_from_it),
        IN_DIRECTORY(mending_that_fails_at_any_operation_is_tried_again),
        IN_DIRECTORY(a_crash_while_mending_uses_no_number_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
