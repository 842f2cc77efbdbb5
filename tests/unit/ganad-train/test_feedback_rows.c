/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/feedback_rows.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "lib/dataset/table.h"
#include "lib/feedback/list.h"
#include "lib/record/column.h"
#include "tests/unit/dataset/text.h"
#include "tools/ganad-train/by_time.h"

/* One record a second from START on; record i is from 10.0.0.i % 10. */
enum { START = 1767225600, N = 1000 };

#define SECOND INT64_C(1000000000)

static void load(struct feedback_rows *feedback, struct gad_table **ret)
{
    const struct gad_table_options opt = {.mark = feedback_rows_mark, .mark_arg = feedback};
    char path[TEMP_PATH];

    write_temp("", 0, path);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (int c = 0; c < GAD_N_COLUMNS; c++)
        (void)fprintf(f, "%s,", gad_columns[c].name);
    (void)fprintf(f, "src_ip,src_port,dest_ip,dest_port,decided\n");
    for (unsigned i = 0; i < N; i++)
        (void)fprintf(f, "%u%s,10.0.0.%u,1000,10.0.1.1,80,%u\n", i, &FEATURES[1], i % 10,
                      START + i);
    assert_int_equal(fclose(f), 0);
    const char *const paths[] = {path};
    assert_int_equal(gad_table_load(paths, 1, &opt, ret, NULL), 0);
    feedback_rows_count(feedback, *ret);
    unlink(path);
}

static struct gad_verdict verdict(uint64_t id, bool is_true, unsigned host, unsigned from,
                                  unsigned to)
{
    struct gad_verdict v = {.by = {.id = id, .time = {SECOND}},
                            .is_true = is_true,
                            .first = {(START + (int64_t)from) * SECOND},
                            .last = {(START + (int64_t)to) * SECOND},
                            .family = 4,
                            .has_src = true,
                            .src = {10, 0, 0, (uint8_t)host},
                            .service = GAD_NAME_UNKNOWN};

    (void)snprintf(v.event, sizeof(v.event), "e-%u", (unsigned)id);
    return v;
}

/* An attack of 10.0.0.3 at 100 to 299; 10.0.0.4 was expected, and so was the attack in part. One
 * more was undone, and one speaks of no record. @more: behind the lines. */
static int read_verdicts(const char *more, bool skip_bad, struct feedback_rows *ret,
                         struct gad_diag *d)
{
    gad_cleanup(gad_buf_deinit) struct gad_buf b = GAD_BUF_INIT(1 << 16);
    const struct gad_verdict all[] = {verdict(1, true, 3, 100, 299), verdict(2, false, 4, 100, 299),
                                      verdict(3, false, 3, 200, 400), verdict(4, true, 5, 0, 999),
                                      verdict(6, true, 77, 0, 10)};
    const struct gad_verdict_mark undo = {.id = 5, .time = {SECOND}};
    char path[TEMP_PATH];

    gad_buf_printf(&b, "%s", gad_feedback_head);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        gad_verdict_write(&all[i], &b);
        if (all[i].by.id == 4)
            gad_verdict_write_undo(&undo, 4, &b);
    }
    gad_buf_printf(&b, "%s", more);
    write_temp((char *)b.p, b.len, path);
    int r = feedback_rows_read(path, skip_bad, ret, d);
    unlink(path);
    return r;
}

static void rows_are_marked_and_counted(void **state)
{
    (void)state;
    gad_cleanup(feedback_rows_deinit) struct feedback_rows f = {0};
    gad_cleanup(gad_table_freep) struct gad_table *t = NULL;
    struct feedback_metric m[FEEDBACK_ROWS_METRICS];

    assert_int_equal(read_verdicts("", false, &f, NULL), 0);
    assert_true(f.n_true == 2 && f.n_false == 2 && f.n_undone == 1);
    load(&f, &t);
    for (size_t i = 0; i < N; i++) {
        bool attack = i % 10 == 3 && i >= 98 && i <= 301;
        bool expected = (i % 10 == 4 && i >= 98 && i <= 301) || (i % 10 == 3 && i > 301 && i < 403);
        assert_int_equal(gad_table_mark(t, i), attack     ? FEEDBACK_ROWS_DROP
                                               : expected ? FEEDBACK_ROWS_KEEP
                                                          : 0);
    }
    assert_true(f.dropped == 20 && f.kept == 20 + 10);
    assert_int_equal(feedback_rows_metrics(&f, m), FEEDBACK_ROWS_METRICS);
    assert_string_equal(m[2].name, "feedback_rows_left_out");
    assert_true(m[2].value == 20);
    feedback_rows_deinit(&f);
    assert_int_equal(feedback_rows_metrics(&f, m), 0);
}

static unsigned number(const struct gad_table *t, uint32_t row)
{
    return (unsigned)gad_table_features(t, row)[GAD_DURATION];
}

static void a_split_by_time_has_no_attack_and_all_that_is_expected(void **state)
{
    (void)state;
    gad_cleanup(feedback_rows_deinit) struct feedback_rows f = {0};
    gad_cleanup(gad_table_freep) struct gad_table *t = NULL;
    gad_cleanup(gad_split_deinit) struct gad_split s = {0};
    const struct time_range range = {{(START + INT64_C(50)) * SECOND},
                                     {(START + INT64_C(349)) * SECOND}};
    const struct time_choice choice = {.budget = 0.1, .n_left_out = 1, .left_out = &range};
    struct time_slices slices;
    size_t kept = 0;

    assert_int_equal(read_verdicts("", false, &f, NULL), 0);
    load(&f, &t);
    assert_int_equal(by_time_split(t, &choice, &s, &slices, NULL), 0);
    assert_int_equal(slices.judged, 20);
    for (size_t i = 0; i < s.n_train; i++) {
        assert_int_not_equal(gad_table_mark(t, s.train[i]), FEEDBACK_ROWS_DROP);
        kept += number(t, s.train[i]) >= 50 && number(t, s.train[i]) < 350;
    }
    assert_int_equal(kept, 20 + 5); /* within the range that is left out */
}

static uint32_t *all_rows(void)
{
    uint32_t *row = gad_calloc(N, sizeof(*row));

    assert_non_null(row);
    for (uint32_t i = 0; i < N; i++)
        row[i] = i;
    return row;
}

static void other_splits_lose_attacks_and_a_search_loses_nothing_expected(void **state)
{
    (void)state;
    gad_cleanup(feedback_rows_deinit) struct feedback_rows f = {0};
    gad_cleanup(gad_table_freep) struct gad_table *t = NULL;
    gad_cleanup(gad_split_deinit) struct gad_split s = {
        .train = all_rows(), .n_train = N, .calibration = all_rows(), .n_calibration = N};
    struct feedback_kept kept;
    bool seen[N] = {false};

    assert_int_equal(read_verdicts("", false, &f, NULL), 0);
    load(&f, &t);
    feedback_rows_drop(t, &s);
    assert_true(s.n_train == N - 20 && s.n_calibration == N - 20);
    assert_int_equal(feedback_rows_hold(t, &s, &kept), 0);
    assert_int_equal(kept.n, 30);
    feedback_rows_restore(&kept, t, &s); /* nothing was removed: the order stays */
    for (size_t i = 1; i < s.n_train; i++)
        assert_true(s.train[i] > s.train[i - 1]);
    s.n_train = 120; /* a search removed the others, 28 of them expected */
    feedback_rows_restore(&kept, t, &s);
    assert_int_equal(s.n_train, 120 + 28);
    for (size_t i = 0; i < s.n_train; i++) {
        assert_false(seen[s.train[i]]);
        seen[s.train[i]] = true;
    }
    gad_free(kept.row);
}

static void damage_is_named_or_skipped(void **state)
{
    (void)state;
    gad_cleanup(feedback_rows_deinit) struct feedback_rows f = {0};
    struct gad_diag d = {""};

    assert_int_equal(read_verdicts("verdict\tid=9\n", false, &f, &d), GAD_EFORMAT);
    assert_non_null(strstr(d.text, ": line 8: expected the field 'time'"));
    assert_null(f.list);
    assert_int_equal(read_verdicts("verdict\tid=9\n", true, &f, &d), 0);
    assert_true(f.n_bad == 1 && f.n == 4);
    feedback_rows_deinit(&f);
    assert_int_equal(feedback_rows_read("/nonexistent", true, &f, &d), -ENOENT);
    assert_int_equal(feedback_rows_read(NULL, false, &f, &d), 0);
    assert_null(f.list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_marked_and_counted),
        cmocka_unit_test(a_split_by_time_has_no_attack_and_all_that_is_expected),
        cmocka_unit_test(other_splits_lose_attacks_and_a_search_loses_nothing_expected),
        cmocka_unit_test(damage_is_named_or_skipped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
