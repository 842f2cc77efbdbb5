/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/spool/spool.h"

#include <string.h>

#include "lib/base/diag.h"
#include "lib/spool/inspect.h"
#include "lib/spool/reader.h"
#include "tests/unit/spool/fixture.h"
#include "tests/unit/test.h"

#define SECOND INT64_C(1000000000)

static const struct gad_time later = {SECOND};

static void what_was_committed_is_read(void **state)
{
    struct gad_spool_recovery found;
    struct gad_spool_options o = spool_options(GAD_SPOOL_ALWAYS);
    struct gad_spool *s = spool_open(*state, &o, &found);

    assert_true(found.is_new && !found.unclean);
    spool_add(s, 100, 1);
    struct spool_tally t = spool_read_from(*state, 1, spool_limit(s));
    assert_true(t.records == 100 && t.first == 1 && t.last == 100 && t.lost == 0);
    gad_spool_close(s);
}

static void what_was_only_appended_is_not(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_ALWAYS);
    struct gad_spool *s = spool_open(*state, &o, NULL);

    spool_add(s, 3, 1);
    assert_int_equal(gad_spool_append(s, SPOOL_KIND, (struct gad_time){4}, "x", 1, NULL), 0);
    assert_int_equal(spool_read_from(*state, 1, spool_limit(s)).records, 3);
    gad_spool_close(s); /* without finish: as if it had crashed */

    struct gad_spool_recovery found;
    s = spool_open(*state, &o, &found);
    assert_true(found.unclean);
    assert_int_equal(spool_read_from(*state, 1, spool_limit(s)).records, 3);
    gad_spool_close(s);
}

static void numbers_go_on_after_a_clean_end(void **state)
{
    struct gad_spool_recovery found;
    uint64_t next = 1;

    for (int sync = GAD_SPOOL_ALWAYS; sync <= GAD_SPOOL_NEVER; sync++) {
        struct gad_spool_options o = spool_options((enum gad_spool_sync)sync);
        for (int i = 0; i < 3; i++) {
            struct gad_spool_status st;
            struct gad_spool *s = spool_open(*state, &o, &found);
            gad_spool_status(s, &st);
            assert_false(found.unclean);
            assert_int_equal(st.next, next);
            spool_add(s, 10, 1);
            next += 10;
            spool_end(s);
        }
    }
    struct spool_tally t = spool_read_from(*state, 1, next);
    assert_true(t.records == 90 && t.lost == 0);
}

static void lengths_and_kinds_out_of_range_are_refused(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_NEVER);
    struct gad_spool *s = spool_open(*state, &o, NULL);
    static uint8_t p[GAD_SPOOL_RECORD_MAX + 1];
    const struct gad_time t = {1};
    uint64_t seq = 0;

    assert_int_equal(gad_spool_append(s, 0, t, p, 0, &seq), GAD_EINVAL);
    assert_int_equal(gad_spool_append(s, 0, t, p, GAD_SPOOL_RECORD_MAX + 1, &seq), GAD_EINVAL);
    assert_int_equal(gad_spool_append(s, GAD_SPOOL_KINDS, t, p, 1, &seq), GAD_EINVAL);
    assert_int_equal(gad_spool_append(s, GAD_SPOOL_KINDS - 1, t, p, GAD_SPOOL_RECORD_MAX, &seq), 0);
    assert_int_equal(seq, 1);
    gad_spool_close(s);
}

static void a_full_group_takes_no_number(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_NEVER);
    struct gad_spool *s = spool_open(*state, &o, NULL);
    static uint8_t p[GAD_SPOOL_RECORD_MAX];
    const struct gad_time t = {1};
    uint64_t seq = 0;

    assert_int_equal(gad_spool_append(s, 0, t, p, sizeof(p), &seq), 0);
    assert_int_equal(gad_spool_append(s, 0, t, p, sizeof(p), &seq), GAD_MORE);
    assert_int_equal(seq, 1);
    assert_int_equal(gad_spool_commit(s, t), 0);
    assert_int_equal(gad_spool_append(s, 0, t, p, sizeof(p), &seq), 0);
    assert_int_equal(seq, 2);
    gad_spool_close(s);
}

static void dropped_numbers_are_a_loss_for_every_reader(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_ALWAYS);
    struct gad_spool *s = spool_open(*state, &o, NULL);

    spool_add(s, 5, 1);
    gad_spool_drop(s, 7);
    spool_add(s, 5, 1);
    gad_spool_drop(s, 100000); /* more than is reserved at a time */
    spool_end(s);
    s = spool_open(*state, &o, NULL);
    spool_add(s, 1, 1);
    for (uint64_t from = 1; from < 20; from += 4) {
        struct spool_tally t = spool_read_from(*state, from, spool_limit(s));
        assert_int_equal(t.records + t.lost, 5 + 7 + 5 + 100000 + 1 - (from - 1));
        assert_int_equal(t.guessed, 0);
    }
    struct gad_spool_status st;
    gad_spool_status(s, &st);
    assert_int_equal(st.totals.dropped, 100007);
    assert_int_equal(st.totals.committed, 11);
    gad_spool_close(s);
}

static void cursors_have_their_own_pace_and_survive(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_ALWAYS);
    struct gad_spool *s = spool_open(*state, &o, NULL);
    unsigned fast, slow, late, again;

    assert_int_equal(gad_spool_cursor(s, "fast", true, &fast), 0);
    assert_int_equal(gad_spool_cursor(s, "slow", true, &slow), 0);
    assert_true(fast != slow);
    spool_add(s, 50, 1);
    assert_int_equal(gad_spool_cursor(s, "late", false, &late), 0);
    assert_int_equal(gad_spool_cursor_at(s, late)->next, 51);
    gad_spool_ack(s, fast, 40, 0);
    gad_spool_ack(s, fast, 30, 2); /* never back */
    gad_spool_ack(s, slow, 10, 0);
    spool_end(s);

    s = spool_open(*state, &o, NULL);
    assert_int_equal(gad_spool_cursor(s, "fast", true, &again), 0);
    assert_int_equal(again, fast);
    assert_int_equal(gad_spool_cursor_at(s, fast)->next, 40);
    assert_int_equal(gad_spool_cursor_at(s, fast)->lost, 2);
    assert_int_equal(gad_spool_cursor_at(s, slow)->next, 10);
    gad_spool_cursor_remove(s, slow);
    assert_null(gad_spool_cursor_at(s, slow));
    assert_null(gad_spool_cursor_at(s, GAD_SPOOL_CURSORS));
    gad_spool_close(s);
}

static void there_is_a_limit_of_cursors_and_of_their_names(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_NEVER);
    struct gad_spool *s = spool_open(*state, &o, NULL);
    char name[GAD_SPOOL_NAME + 1] = "";
    unsigned i;

    assert_int_equal(gad_spool_cursor(s, "", true, &i), GAD_EINVAL);
    memset(name, 'n', GAD_SPOOL_NAME);
    assert_int_equal(gad_spool_cursor(s, name, true, &i), GAD_EINVAL);
    for (int n = 0; n < GAD_SPOOL_CURSORS; n++) {
        name[GAD_SPOOL_NAME - 1 - n] = '\0';
        assert_int_equal(gad_spool_cursor(s, name, true, &i), 0);
    }
    assert_int_equal(gad_spool_cursor(s, "one more", true, &i), GAD_ELIMIT);
    gad_spool_cursor_remove(s, 3);
    assert_int_equal(gad_spool_cursor(s, "one more", true, &i), 0);
    assert_int_equal(i, 3);
    gad_spool_close(s);
}

/* About 6 KiB a round of 40 records: some segments of 256 KiB. */
static void a_segment_goes_when_all_cursors_have_passed_it(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_NEVER);
    struct gad_spool_status st;
    unsigned a, b;

    o.quota = 64 * o.segment_max;
    struct gad_spool *s = spool_open(*state, &o, NULL);
    assert_int_equal(gad_spool_cursor(s, "a", true, &a), 0);
    assert_int_equal(gad_spool_cursor(s, "b", true, &b), 0);
    for (int i = 0; i < 200; i++)
        spool_add(s, 40, 1);
    gad_spool_status(s, &st);
    size_t all = st.n_segments;
    assert_true(all >= 4);

    gad_spool_ack(s, a, st.end, 0);
    assert_int_equal(gad_spool_commit(s, later), 0);
    gad_spool_status(s, &st);
    assert_int_equal(st.n_segments, all); /* b has read nothing */

    struct gad_spool_view v;
    assert_int_equal(gad_spool_view(*state, &v, NULL), 0);
    assert_int_equal(v.n_segments, all);
    uint64_t third = v.segment[2].first;
    gad_spool_view_deinit(&v);
    gad_spool_ack(s, b, third - 1, 0);
    assert_int_equal(gad_spool_commit(s, later), 0);
    gad_spool_status(s, &st);
    assert_int_equal(st.n_segments, all - 1);
    gad_spool_ack(s, b, third, 0);
    assert_int_equal(gad_spool_commit(s, later), 0);
    gad_spool_status(s, &st);
    assert_int_equal(st.n_segments, all - 2);
    assert_int_equal(st.oldest, third);

    gad_spool_ack(s, b, st.end, 0);
    assert_int_equal(gad_spool_commit(s, later), 0);
    gad_spool_status(s, &st);
    assert_int_equal(st.n_segments, 1); /* the one that is written */
    assert_int_equal(st.totals.evicted, 0);
    gad_spool_close(s);
}

static void the_quota_takes_the_oldest_and_readers_know_exactly_what(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_NEVER);
    struct gad_spool *s = spool_open(*state, &o, NULL);
    struct gad_spool_status st;
    struct gad_spool_reader *r = NULL;
    unsigned dead;

    assert_int_equal(gad_spool_cursor(s, "dead", true, &dead), 0);
    assert_int_equal(gad_spool_reader_open(*state, 1, &r, NULL), 0);
    spool_add(s, 40, 1);
    assert_int_equal(spool_read(r, 11).records, 10); /* a reader holds the first segment open */
    for (int i = 0; i < 400; i++) {
        spool_add(s, 40, 1);
        gad_spool_status(s, &st);
        assert_true(st.bytes <= o.quota);
    }
    assert_true(st.totals.evicted > 0 && st.totals.evicted_bytes > o.quota);
    assert_true(st.bytes > o.quota / 2 && st.oldest > 41);

    struct spool_tally t = spool_read_from(*state, 1, st.end); /* from nothing */
    assert_int_equal(t.lost, st.oldest - 1);
    assert_int_equal(t.records, st.end - st.oldest);
    assert_int_equal(t.guessed, 0);

    struct spool_tally u = spool_read(r, st.end); /* and from the middle of what was deleted */
    assert_int_equal(u.records + u.lost, st.end - 11);
    assert_true(u.lost > 0 && u.lost < t.lost && u.records > t.records);
    gad_spool_reader_close(r);
    gad_spool_close(s);
}

/* Bytes behind the limit may be of a write that is under way. */
static void what_was_read_ahead_is_reread(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_NEVER);
    struct gad_spool *s = spool_open(*state, &o, NULL);
    struct gad_spool_reader *r = NULL;
    static const char segment[] = "0000000000000001.seg";

    spool_add(s, 2, 1);
    size_t last = spool_file_size(*state, segment) - 1, second = last - 8;
    spool_flip(*state, segment, second, 0xff);
    assert_int_equal(gad_spool_reader_open(*state, 1, &r, NULL), 0);
    assert_int_equal(spool_read(r, 2).records, 1);
    spool_flip(*state, segment, second, 0xff);
    struct spool_tally t = spool_read(r, 3);
    assert_true(t.records == 1 && t.lost == 0);
    gad_spool_reader_close(r);
    gad_spool_close(s);
}

/* Moves of the clock alone make no difference; a sync is due an interval after the first record
 * that it is for. */
static void the_interval_decides_when_it_is_synced(void **state)
{
    struct spool_faults f = {.only = 's'};
    struct gad_spool_io io = spool_faulty(&f);
    struct gad_spool_options o = spool_options(GAD_SPOOL_INTERVAL);
    const int64_t t = 100 * SECOND, ms = 1000000;

    o.io = &io;
    struct gad_spool *s = spool_open(*state, &o, NULL);
    spool_add(s, 1, t); /* makes the segment, and keeps the state */
    f.n = 0;
    spool_add(s, 1, t + 100 * ms);
    spool_add(s, 1, t + 199 * ms);
    assert_int_equal(f.n, 0);
    assert_int_equal(gad_spool_due(s).ns, t + 200 * ms);
    assert_int_equal(gad_spool_commit(s, (struct gad_time){t + 200 * ms}), 0);
    assert_int_equal(f.n, 1);
    assert_int_equal(gad_spool_due(s).ns, t + SECOND); /* the state */
    spool_add(s, 1, t + 210 * ms);
    assert_int_equal(gad_spool_due(s).ns, t + 410 * ms);
    assert_int_equal(gad_spool_commit(s, (struct gad_time){t + SECOND}), 0);
    assert_int_equal(f.n, 3);
    assert_int_equal(gad_spool_due(s).ns, INT64_MAX);
    gad_spool_close(s);
}

static void each_mode_syncs_as_it_says(void **state)
{
    static const long want[] = {
        [GAD_SPOOL_ALWAYS] = 10, [GAD_SPOOL_INTERVAL] = 0, [GAD_SPOOL_NEVER] = 0};

    for (int sync = GAD_SPOOL_ALWAYS; sync <= GAD_SPOOL_NEVER; sync++) {
        struct spool_faults f = {.only = 's'};
        struct gad_spool_io io = spool_faulty(&f);
        struct gad_spool_options o = spool_options((enum gad_spool_sync)sync);
        o.io = &io;
        struct gad_spool *s = spool_open(*state, &o, NULL);
        spool_add(s, 1, SECOND);
        f.n = 0;
        for (int i = 0; i < 10; i++)
            spool_add(s, 10, SECOND);
        assert_int_equal(f.n, want[sync]);
        gad_spool_close(s);
        spool_empty(*state);
    }
}

static void options_out_of_range_are_refused_by_name(void **state)
{
    struct gad_spool_options bad[5];
    struct gad_spool *s = NULL;
    struct gad_diag d;

    for (int i = 0; i < 5; i++)
        bad[i] = spool_options(GAD_SPOOL_ALWAYS);
    bad[0].segment_max--;
    bad[1].segment_max = GAD_SPOOL_SEGMENT_MAX + 1;
    bad[2].group_max--;
    bad[3].group_max = (size_t)bad[3].segment_max;
    bad[4].quota = 2 * bad[4].segment_max - 1;
    for (int i = 0; i < 5; i++) {
        d.text[0] = '\0';
        assert_int_equal(gad_spool_open(*state, &bad[i], &s, NULL, &d), GAD_EINVAL);
        assert_non_null(strstr(d.text, i < 2 ? "segments" : i < 4 ? "groups" : "quota"));
    }
}

static void only_one_writes(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_ALWAYS);
    struct gad_spool *s = spool_open(*state, &o, NULL), *second = NULL;
    struct gad_diag d = {""};

    assert_int_equal(gad_spool_open(*state, &o, &second, NULL, &d), -EWOULDBLOCK);
    assert_non_null(strstr(d.text, "another process"));
    gad_spool_close(s);
    gad_spool_close(spool_open(*state, &o, NULL));
}

int main(void)
{
#define IN_DIRECTORY(f)                                                                            \
    cmocka_unit_test_setup_teardown(f, spool_directory_new, spool_directory_remove)
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(what_was_committed_is_read),
        IN_DIRECTORY(what_was_only_appended_is_not),
        IN_DIRECTORY(numbers_go_on_after_a_clean_end),
        IN_DIRECTORY(lengths_and_kinds_out_of_range_are_refused),
        IN_DIRECTORY(a_full_group_takes_no_number),
        IN_DIRECTORY(dropped_numbers_are_a_loss_for_every_reader),
        IN_DIRECTORY(cursors_have_their_own_pace_and_survive),
        IN_DIRECTORY(there_is_a_limit_of_cursors_and_of_their_names),
        IN_DIRECTORY(a_segment_goes_when_all_cursors_have_passed_it),
        IN_DIRECTORY(the_quota_takes_the_oldest_and_readers_know_exactly_what),
        IN_DIRECTORY(what_was_read_ahead_is_reread),
        IN_DIRECTORY(the_interval_decides_when_it_is_synced),
        IN_DIRECTORY(each_mode_syncs_as_it_says),
        IN_DIRECTORY(options_out_of_range_are_refused_by_name),
        IN_DIRECTORY(only_one_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
