/* SPDX-License-Identifier: Apache-2.0 */
/* What opening and reading make of a directory in which things went wrong. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/crc32c.h"
#include "lib/base/diag.h"
#include "lib/base/time.h"
#include "lib/spool/format.h"
#include "lib/spool/parts.h"
#include "tests/unit/spool/fixture.h"
#include "tests/unit/test.h"

enum { N = 12 };

static const char segment[] = "0000000000000001.seg";

/* N records in one segment; where each one begins, and the end. */
static void make(const char *directory, size_t at[static N + 1], bool clean)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_ALWAYS);
    struct gad_spool *s = spool_open(directory, &o, NULL);
    uint8_t p[SPOOL_PAYLOAD_MAX];

    spool_add(s, N, 1);
    at[0] = GAD_SPOOL_HEAD;
    for (uint64_t i = 0; i < N; i++)
        at[i + 1] = at[i] + gad_spool_record_size(spool_payload(i + 1, p));
    if (clean)
        spool_end(s);
    else
        gad_spool_close(s);
    assert_int_equal(spool_file_size(directory, segment), at[N]);
}

/* One record, all of its bytes: what remains is exactly what was not hit. */
static void a_flipped_bit_costs_the_record_it_hits_and_no_other(void **state)
{
    size_t at[N + 1];

    make(*state, at, true);
    for (size_t b = 0; b < at[N]; b++) {
        spool_flip(*state, segment, b, (uint8_t)(1 << b % 8));
        struct spool_tally t = spool_read_from(*state, 1, N + 1);
        size_t hit = 0;
        while (b >= GAD_SPOOL_HEAD && b >= at[hit + 1])
            hit++;
        uint8_t p[SPOOL_PAYLOAD_MAX];
        bool padding =
            b >= GAD_SPOOL_HEAD && b >= at[hit] + GAD_SPOOL_RECORD_HEAD + spool_payload(hit + 1, p);
        assert_int_equal(t.lost, b < GAD_SPOOL_HEAD ? N : padding ? 0 : 1);
        assert_int_equal(t.records + t.lost, N);
        spool_flip(*state, segment, b, (uint8_t)(1 << b % 8));
    }
    assert_int_equal(spool_read_from(*state, 1, N + 1).records, N);
}

/* The same, then opened for writing: what is read afterwards is whole, numbers go up, and nothing
 * is counted twice. */
static void opening_survives_every_flipped_byte(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_ALWAYS);
    struct gad_spool_recovery found;
    size_t at[N + 1];

    make(*state, at, true);
    for (size_t b = 0; b < at[N]; b += 3) {
        spool_empty(*state);
        make(*state, at, b % 2 == 0);
        spool_flip(*state, segment, b, 0xff);
        struct gad_spool *s = spool_open(*state, &o, &found);
        struct gad_spool_status st;
        gad_spool_status(s, &st);
        assert_true(st.next > N);
        spool_add(s, 3, 1);
        struct spool_tally t = spool_read_from(*state, 1, spool_limit(s));
        assert_true(t.records >= (b < GAD_SPOOL_HEAD ? 3 : N - 1 + 3));
        assert_int_equal(t.last, st.next + 2);
        if (b % 2 == 0)
            assert_int_equal(t.records + t.lost, N + 3);
        assert_int_equal(found.tail_lost, b < GAD_SPOOL_HEAD);
        gad_spool_close(s);
    }
}

static void a_segment_cut_at_any_byte_keeps_its_whole_records(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_ALWAYS);
    struct gad_spool_recovery found;
    size_t at[N + 1];

    make(*state, at, false);
    for (size_t len = at[N]; len-- > 0;) {
        spool_empty(*state);
        make(*state, at, false);
        spool_cut(*state, segment, len);
        size_t whole = 0;
        while (whole < N && at[whole + 1] <= len)
            whole++;
        struct gad_spool *s = spool_open(*state, &o, &found);
        assert_true(found.unclean);
        if (whole > 0) {
            assert_int_equal(found.cut, len - at[whole]);
            assert_int_equal(spool_file_size(*state, segment), at[whole]);
        } else {
            assert_int_equal(spool_has(*state, segment), len >= GAD_SPOOL_HEAD);
        }
        spool_add(s, 2, 1);
        struct spool_tally t = spool_read_from(*state, 1, spool_limit(s));
        assert_int_equal(t.records, whole + 2);
        bool clean_cut = len == 0 || len == at[whole];
        assert_int_equal(t.last, clean_cut ? whole + 2 : 1 + GAD_SPOOL_RESERVE + 1);
        assert_int_equal(t.lost, found.lost_end - found.lost_first);
        assert_int_equal(t.guessed, t.lost);
        assert_int_equal(t.unused, found.unused_end - found.unused_first);
        assert_int_equal(t.records + t.lost + t.unused, t.last);
        assert_true(clean_cut ? t.unused + t.lost == 0 : t.lost > 0 && t.unused > 0);
        gad_spool_close(s);
    }
}

static void a_crash_without_damage_loses_nothing_and_skips_no_number(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_ALWAYS);
    struct gad_spool_recovery found;
    size_t at[N + 1];

    make(*state, at, false);
    struct gad_spool *s = spool_open(*state, &o, &found);
    assert_true(found.unclean && found.lost_first == found.lost_end && found.cut == 0);
    spool_add(s, 5, 1);
    struct spool_tally t = spool_read_from(*state, 1, spool_limit(s));
    assert_true(t.records == N + 5 && t.lost == 0 && t.unused == 0);
    assert_int_equal(t.last, N + 5);
    gad_spool_close(s);
}

/* Without a sync the records may be gone with the power: not known, unless the machine is still
 * up. */
static void a_lost_tail_is_reported_as_an_upper_limit(void **state)
{
    struct gad_spool_recovery found;

    for (uint64_t boot = 0; boot < 2; boot++) {
        struct gad_spool_options o = spool_options(GAD_SPOOL_NEVER);
        o.boot = 77;
        struct gad_spool *s = spool_open(*state, &o, NULL);
        spool_add(s, N, 1);
        gad_spool_close(s);
        o.boot = boot == 0 ? 78 : 77;
        s = spool_open(*state, &o, &found);
        assert_int_equal(found.lost_end - found.lost_first, boot == 0 ? GAD_SPOOL_RESERVE - N : 0);
        spool_add(s, 1, 1);
        struct spool_tally t = spool_read_from(*state, 1, spool_limit(s));
        assert_int_equal(t.records, N + 1);
        assert_int_equal(t.lost, found.lost_end - found.lost_first);
        assert_int_equal(t.guessed, t.lost);
        gad_spool_close(s);
        spool_empty(*state);
    }
}

static void numbers_rise_over_any_number_of_crashes(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_NEVER);
    uint64_t last = 0, total = 0;

    o.boot = 1;
    for (int i = 0; i < 20; i++) {
        struct gad_spool *s = spool_open(*state, &o, NULL);
        struct gad_spool_status st;
        gad_spool_status(s, &st);
        assert_true(st.next > last);
        if (i % 3 != 0)
            spool_add(s, (size_t)i, 1);
        gad_spool_status(s, &st);
        last = st.next - 1;
        total += i % 3 != 0 ? (uint64_t)i : 0;
        gad_spool_close(s);
    }
    struct spool_tally t = spool_read_from(*state, 1, last + 1);
    assert_true(t.records == total && t.lost == 0 && t.unused == 0 && last == total);
}

/* The power failure took all that was written, but not the numbers. */
static void numbers_are_reserved_before_they_are_used(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_NEVER);
    char name[GAD_SPOOL_FILE_NAME];
    struct gad_spool_status st;

    o.quota = 256 * o.segment_max;
    struct gad_spool *s = spool_open(*state, &o, NULL);
    for (int i = 0; i < 700; i++)
        spool_add(s, 100, 1);
    for (size_t i = 0; i < s->directory.n; i++) {
        gad_spool_segment_name(s->directory.seg[i].first, name);
        spool_cut(*state, name, 0);
    }
    gad_spool_close(s);
    s = spool_open(*state, &o, NULL);
    gad_spool_status(s, &st);
    assert_true(st.next > 70000 && st.next <= 70000 + GAD_SPOOL_RESERVE);
    gad_spool_close(s);
}

/* Numbers dropped after a crash, before anything can be written, and a crash again: the count stays
 * exact. */
static void drops_between_crashes_are_counted_once(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_ALWAYS);
    struct gad_spool_recovery found;
    struct gad_spool *s;

    for (int clean = 0; clean < 2; clean++) {
        s = spool_open(*state, &o, NULL);
        spool_add(s, 5, 1);
        gad_spool_close(s);
        s = spool_open(*state, &o, NULL);
        gad_spool_drop(s, 9);
        assert_int_equal(gad_spool_commit(s, (struct gad_time){2000000000}),
                         0); /* keeps the state */
        if (clean)
            spool_end(s);
        else
            gad_spool_close(s);
        s = spool_open(*state, &o, &found);
        assert_int_equal(found.lost_end - found.lost_first, clean ? 0 : 9);
        gad_spool_drop(s, 2);
        spool_add(s, 1, 1);
        struct spool_tally t = spool_read_from(*state, 1, spool_limit(s));
        assert_int_equal(t.records, 6);
        assert_int_equal(t.lost, 11);
        assert_int_equal(t.guessed, 0);
        gad_spool_close(s);
        spool_empty(*state);
    }
}

static void one_torn_slot_is_one_and_the_other_counts(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_ALWAYS);
    struct gad_spool_recovery found;
    size_t at[N + 1];

    for (size_t slot = 0; slot < 2; slot++) {
        make(*state, at, true);
        spool_flip(*state, GAD_SPOOL_STATE_NAME, slot * GAD_SPOOL_SLOT + 500, 1);
        struct gad_spool *s = spool_open(*state, &o, &found);
        assert_true(found.state_torn && !found.state_lost);
        spool_add(s, 1, 1);
        struct spool_tally t = spool_read_from(*state, 1, spool_limit(s));
        assert_true(t.records == N + 1 && t.lost == 0);
        gad_spool_close(s);
        spool_empty(*state);
    }
}

/* At each byte of the file, as a crash in mid-write or an operator's rm would. */
static void a_lost_state_costs_repetitions_and_no_records(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_ALWAYS);
    struct gad_spool_recovery found;
    size_t at[N + 1];

    for (size_t len = 0; len <= GAD_SPOOL_STATE; len += len % 512 == 0 ? 1 : 511) {
        make(*state, at, true);
        spool_cut(*state, GAD_SPOOL_STATE_NAME, len);
        struct gad_spool *s = spool_open(*state, &o, &found);
        unsigned c;
        assert_int_equal(found.state_lost, len < GAD_SPOOL_SLOT);
        assert_int_equal(gad_spool_cursor(s, "out", true, &c), 0);
        if (found.state_lost)
            assert_int_equal(gad_spool_cursor_at(s, c)->next, 1);
        spool_add(s, 1, 1);
        struct spool_tally t = spool_read_from(*state, 1, spool_limit(s));
        assert_true(t.records == N + 1 && t.lost == 0);
        assert_int_equal(t.last, found.state_lost ? N + 1 + (UINT64_C(1) << 32) : N + 1);
        assert_int_equal(t.unused, t.last - t.records);
        gad_spool_close(s);
        spool_empty(*state);
    }
}

static void foreign_files_are_left_alone(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_ALWAYS);
    struct gad_spool_recovery found;
    size_t at[N + 1];
    char path[2 * SPOOL_PATH];

    make(*state, at, true);
    spool_put(*state, "README", "x", 1);
    spool_put(*state, "0000000000000002.seg~", "x", 1);
    (void)snprintf(path, sizeof(path), "%s/0000000000000003.seg", (const char *)*state);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    (void)snprintf(path, sizeof(path), "%s/0000000000000004.seg", (const char *)*state);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)snprintf(path, sizeof(path), "%s/0000000000000005.seg", (const char *)*state);
    assert_int_equal(mkfifo(path, 0600), 0);
    struct gad_spool *s = spool_open(*state, &o, &found);
    assert_int_equal(found.n_foreign, 5);
    spool_add(s, 1, 1);
    spool_end(s);
    assert_true(spool_has(*state, "README") && spool_has(*state, "0000000000000002.seg~"));
}

static void refuse(const char *directory, int want, const char *text)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_ALWAYS);
    struct gad_spool *s = NULL;
    struct gad_diag d = {""};

    assert_int_equal(gad_spool_open(directory, &o, &s, NULL, &d), want);
    if (!strstr(d.text, text))
        fail_msg("'%s' is not in '%s'", text, d.text);
}

static void what_a_person_must_mend_is_said(void **state)
{
    size_t at[N + 1];
    static uint8_t big[GAD_SPOOL_STATE + 1];
    uint8_t head[GAD_SPOOL_HEAD];
    struct gad_spool_state st;
    char path[2 * SPOOL_PATH];

    (void)snprintf(path, sizeof(path), "%s/no/where", (const char *)*state);
    refuse(path, -ENOENT, "no/where: cannot create the directory");
    (void)snprintf(path, sizeof(path), "%s/file", (const char *)*state);
    spool_put(*state, "file", "", 0);
    refuse(path, -ENOTDIR, "file: cannot open the directory");

    memset(big, 'x', sizeof(big));
    spool_put(*state, GAD_SPOOL_STATE_NAME, big, sizeof(big));
    refuse(*state, GAD_EFORMAT, "ganad-spool.state: not the state of a spool");
    assert_int_equal(spool_file_size(*state, GAD_SPOOL_STATE_NAME), sizeof(big));
    spool_empty(*state);

    make(*state, at, true);
    memset(&st, 0, sizeof(st));
    st.next = st.reserved = 1;
    gad_spool_slot_write(&st, big);
    gad_put_u32le(big + 8, 2);
    gad_put_u32le(big + GAD_SPOOL_SLOT - 4, gad_crc32c(0, big, GAD_SPOOL_SLOT - 4));
    spool_put(*state, GAD_SPOOL_STATE_NAME, big, GAD_SPOOL_SLOT);
    refuse(*state, GAD_EVERSION, "ganad-spool.state: written by a later version");
    spool_empty(*state);

    make(*state, at, true);
    gad_spool_head_write(&(struct gad_spool_head){.first = 1}, head);
    gad_put_u32le(head + 8, 2);
    gad_put_u32le(head + GAD_SPOOL_HEAD - 4, gad_crc32c(0, head, GAD_SPOOL_HEAD - 4));
    spool_put(*state, segment, head, sizeof(head));
    refuse(*state, GAD_EVERSION, "0000000000000001.seg: written by a later version");
}

/* 1 GiB and a last segment of 7 MiB: segments in the middle are not read until a reader arrives
 * there. */
static void a_gigabyte_of_backlog_opens_at_once(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_NEVER);
    char name[GAD_SPOOL_FILE_NAME];

    o.segment_max = 8 << 20;
    o.quota = UINT64_C(2) << 30;
    struct gad_spool *s = spool_open(*state, &o, NULL);
    gad_spool_drop(s, 1000);
    for (int i = 0; i < 1200; i++)
        spool_add(s, 40, 1);
    spool_end(s);
    for (uint64_t i = 1; i <= 128;
         i++) { /* holes: what is in them would not be read in a second from most disks */
        gad_spool_segment_name(i, name);
        spool_put(*state, name, "", 0);
        spool_cut(*state, name, 8 << 20);
    }
    struct gad_time t = gad_time_monotonic();
    s = spool_open(*state, &o, NULL);
    double seconds = gad_time_seconds(gad_time_sub(gad_time_monotonic(), t));
    print_message("opened after %.3f s\n", seconds);
    struct gad_spool_status st;
    gad_spool_status(s, &st);
    assert_true(st.bytes > UINT64_C(1) << 30 && seconds < 1.0);
    gad_spool_close(s);
}

/* Neither is read: at most 64 MiB of one segment, and a longer last segment is not ours. */
static void a_file_of_absurd_size_costs_no_time(void **state)
{
    struct gad_spool_options o = spool_options(GAD_SPOOL_ALWAYS);
    struct gad_spool_recovery found;
    size_t at[N + 1];

    make(*state, at, true);
    spool_cut(*state, segment, (size_t)1 << 40);
    o.quota = 4 * (uint64_t)o.segment_max;
    struct gad_time t = gad_time_monotonic();
    struct gad_spool *s = spool_open(*state, &o, &found);
    assert_true(found.tail_lost);
    assert_false(spool_has(*state, segment)); /* over the quota, too */
    gad_spool_close(s);
    spool_empty(*state);

    make(*state, at, true);
    s = spool_open(*state, &o, &found);
    spool_add(s, 1, 1);
    spool_cut(*state, segment, (size_t)1 << 40); /* while the writer has it open */
    assert_int_equal(spool_read_from(*state, 1, N + 2).records, N + 1);
    gad_spool_seal(s);
    spool_add(s, 1, 1);
    struct spool_tally tally = spool_read_from(*state, 1, N + 3);
    assert_true(tally.records == N + 2 && tally.lost == 0);
    double seconds = gad_time_seconds(gad_time_sub(gad_time_monotonic(), t));
    print_message("took %.3f s\n", seconds);
    assert_true(seconds < 5.0);
    gad_spool_close(s);
}

int main(void)
{
#define IN_DIRECTORY(f)                                                                            \
    cmocka_unit_test_setup_teardown(f, spool_directory_new, spool_directory_remove)
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(a_flipped_bit_costs_the_record_it_hits_and_no_other),
        IN_DIRECTORY(opening_survives_every_flipped_byte),
        IN_DIRECTORY(a_segment_cut_at_any_byte_keeps_its_whole_records),
        IN_DIRECTORY(a_crash_without_damage_loses_nothing_and_skips_no_number),
        IN_DIRECTORY(a_lost_tail_is_reported_as_an_upper_limit),
        IN_DIRECTORY(numbers_rise_over_any_number_of_crashes),
        IN_DIRECTORY(numbers_are_reserved_before_they_are_used),
        IN_DIRECTORY(drops_between_crashes_are_counted_once),
        IN_DIRECTORY(one_torn_slot_is_one_and_the_other_counts),
        IN_DIRECTORY(a_lost_state_costs_repetitions_and_no_records),
        IN_DIRECTORY(foreign_files_are_left_alone),
        IN_DIRECTORY(what_a_person_must_mend_is_said),
        IN_DIRECTORY(a_file_of_absurd_size_costs_no_time),
        IN_DIRECTORY(a_gigabyte_of_backlog_opens_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
