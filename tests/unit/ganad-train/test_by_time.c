/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/by_time.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/rng.h"
#include "lib/dataset/table.h"
#include "lib/record/column.h"
#include "tests/unit/dataset/text.h"
#include "tools/ganad-train/cli.h"

enum { DAY = 86400, START = 1767225600 };

/* A record's duration is its number in order of time. */
static uint32_t number(const struct gad_table *t, uint32_t row)
{
    return (uint32_t)gad_table_features(t, row)[GAD_DURATION];
}

static void put_head(FILE *f, const char *more)
{
    for (int c = 0; c < GAD_N_COLUMNS; c++)
        (void)fprintf(f, "%s%s", c > 0 ? "," : "", gad_columns[c].name);
    (void)fprintf(f, "%s\n", more);
}

static void put_row(FILE *f, unsigned number, const char *more)
{
    (void)fprintf(f, "%u%s%s\n", number, &FEATURES[1], more);
}

static void load(FILE *f, const char *path, struct gad_table **ret)
{
    const char *const paths[] = {path};

    assert_int_equal(fclose(f), 0);
    assert_int_equal(gad_table_load(paths, 1, NULL, ret, NULL), 0);
    unlink(path);
}

static FILE *create(char path[static TEMP_PATH])
{
    write_temp("", 0, path);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    return f;
}

/* n records, one each @step seconds, mixed. */
static struct gad_table *regular(unsigned n, unsigned step)
{
    struct gad_rng rng = gad_rng_init(1, 1);
    struct gad_table *t = NULL;
    char path[TEMP_PATH], more[64];
    FILE *f = create(path);
    uint32_t *order = calloc(n, sizeof(*order));

    assert_non_null(order);
    for (uint32_t i = 0; i < n; i++)
        order[i] = i;
    gad_rng_shuffle(&rng, n, order);
    put_head(f, ",decided");
    for (uint32_t i = 0; i < n; i++) {
        (void)snprintf(more, sizeof(more), ",%u.5", START + order[i] * step);
        put_row(f, order[i], more);
    }
    free(order);
    load(f, path, &t);
    return t;
}

static int by_number(const void *pa, const void *pb)
{
    const uint32_t *a = pa, *b = pb;
    return (*a > *b) - (*a < *b);
}

/* A slice is the records @first .. @first + n. */
static void slice_is(const struct gad_table *t, size_t n, const uint32_t *row, uint32_t first,
                     const struct time_slice *s, unsigned step)
{
    uint32_t *have = calloc(n, sizeof(*have));

    assert_non_null(have);
    assert_int_equal(n, s->n);
    for (size_t i = 0; i < n; i++)
        have[i] = number(t, row[i]);
    qsort(have, n, sizeof(*have), by_number);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(have[i], first + i);
    assert_true(s->from.ns == (START + (int64_t)first * step) * 1000000000 + 500000000);
    assert_true(s->to.ns == (START + (int64_t)(first + n - 1) * step) * 1000000000 + 500000000);
    free(have);
}

/* Of n records where calibration and test begin, and how many are left out before each. */
static void split_is(unsigned n, unsigned step, double budget, bool by_day, uint32_t calibration,
                     uint32_t gap, uint32_t test, uint32_t test_gap)
{
    gad_cleanup(gad_table_freep) struct gad_table *t = regular(n, step);
    gad_cleanup(gad_split_deinit) struct gad_split split = {0};
    struct time_slices s;
    struct gad_diag d = {""};

    if (by_time_split(t, &(struct time_choice){.budget = budget}, &split, &s, &d) != 0)
        fail_msg("%s", d.text);
    assert_int_equal(s.by_day, by_day);
    assert_int_equal(s.gap, gap + test_gap);
    assert_int_equal(s.untimed + s.attacks, 0);
    slice_is(t, split.n_train, split.train, 0, &s.train, step);
    assert_int_equal(split.n_train, calibration);
    slice_is(t, split.n_calibration, split.calibration, calibration + gap, &s.calibration, step);
    assert_int_equal(split.n_calibration, test - calibration - gap);
    slice_is(t, split.n_test, split.test, test + test_gap, &s.test, step);
    assert_int_equal(split.n_test, n - test - test_gap);
    for (size_t i = 1; i < split.n_test; i++)
        assert_true(number(t, split.test[i]) > number(t, split.test[i - 1]));
}

/* 864 s: 100 records a day. The last 24 hours are those later than 24 hours before the last
 * record. */
static void the_last_day_tests_and_the_days_before_it_calibrate(void **state)
{
    (void)state;
    split_is(400, 864, 0.1, true, 200, 5, 300, 5);
    split_is(1000, 864, 0.1, true, 800, 5, 900, 5);
    split_is(1000, 864, 0.05, true, 700, 10, 900, 5); /* 200 rows: two days */
    split_is(1000, 864, 0.02, true, 400, 25, 900, 5); /* 500 rows */
    split_is(1000, 864, 1e-6, true, 400, 25, 900, 5); /* two fifths of the rest have to train */
    split_is(300, 864, 0.1, true, 100, 5, 200, 5);    /* three days and no more */
    split_is(30000, 9, 0.01, true, 10800, 480, 20400, 480); /* 9,600 a day */
}

static void the_gap_is_no_longer_than_windows_look_back(void **state)
{
    (void)state;
    split_is(60000, 6, 0.01, true, 31200, 511, 45600, 511);
}

static void less_than_three_days_are_split_in_fifths(void **state)
{
    (void)state;
    split_is(200, 864, 0.1, false, 120, 2, 160, 2);
    split_is(1000, 1, 0.001, false, 600, 10, 800, 10);
    split_is(5, 1, 0.001, false, 3, 0, 4, 0);
    split_is(23, 1, 0.001, false, 15, 0, 19, 0);
}

/* With few records all train, in order of time; the last day is also the last of them. */
static void few_records_all_train(void **state)
{
    (void)state;
    enum { N = 1000 };
    gad_cleanup(gad_table_freep) struct gad_table *t = regular(N, 864);

    for (int together = 0; together < 2; together++) {
        gad_cleanup(gad_split_deinit) struct gad_split split = {0};
        struct time_slices s;
        const struct time_choice choice = {.budget = 0.1, .together = together ? N : N - 1};
        assert_int_equal(by_time_split(t, &choice, &split, &s, NULL), 0);
        assert_int_equal(s.together, together);
        slice_is(t, split.n_test, split.test, 905, &s.test, 864);
        if (!together)
            continue;
        assert_int_equal(split.n_calibration, 0);
        assert_int_equal(s.calibration.n, 900);
        assert_int_equal(s.gap, 5);
        slice_is(t, split.n_train, split.train, 0, &s.train, 864);
        assert_int_equal(split.n_train, N);
        for (size_t i = 0; i < N; i++)
            assert_int_equal(number(t, split.train[i]), i);
    }
}

/* The sensor was off for most of the last day: it would measure nothing. */
static void a_last_day_with_hardly_any_records_is_not_taken(void **state)
{
    (void)state;
    gad_cleanup(gad_table_freep) struct gad_table *t = NULL;
    gad_cleanup(gad_split_deinit) struct gad_split split = {0};
    struct time_slices s;
    char path[TEMP_PATH], more[64];
    FILE *f = create(path);

    put_head(f, ",start,end");
    for (unsigned i = 0; i < 1000; i++) {
        (void)snprintf(more, sizeof(more), ",1,%u", START + (i < 995 ? i * 432 : 8 * DAY + i));
        put_row(f, i, more);
    }
    load(f, path, &t);
    assert_int_equal(by_time_split(t, &(struct time_choice){.budget = 0.1}, &split, &s, NULL), 0);
    assert_false(s.by_day);
    assert_int_equal(split.n_test, 190);
}

static void rows_without_a_time_and_attacks_are_left_out(void **state)
{
    (void)state;
    gad_cleanup(gad_table_freep) struct gad_table *t = NULL;
    gad_cleanup(gad_split_deinit) struct gad_split split = {0};
    struct time_slices s;
    char path[TEMP_PATH], more[64];
    FILE *f = create(path);

    put_head(f, ",label,decided");
    for (unsigned i = 0; i < 300; i++) {
        (void)snprintf(more, sizeof(more), i % 3 == 1 ? ",normal," : ",%s,%u",
                       i % 3 == 2 ? "smurf" : "normal", START + i);
        put_row(f, i, more);
    }
    load(f, path, &t);
    assert_int_equal(by_time_split(t, &(struct time_choice){.budget = 0.1}, &split, &s, NULL), 0);
    assert_int_equal(s.untimed, 100);
    assert_int_equal(s.attacks, 100);
    assert_int_equal(split.n_train + split.n_calibration + split.n_test + s.gap, 100);
    for (size_t i = 0; i < split.n_train; i++)
        assert_int_equal(number(t, split.train[i]) % 3, 0);
}

/* Both ends belong to a range; it counts before days are chosen. */
static void ranges_are_left_out(void **state)
{
    (void)state;
    gad_cleanup(gad_table_freep) struct gad_table *t = regular(1000, 1);
    gad_cleanup(gad_split_deinit) struct gad_split split = {0};
    const int64_t s = 1000000000, half = 500000000;
    const struct time_range ranges[] = {
        {{(START + 100) * s + half}, {(START + 199) * s + half}},
        {{(START + 900) * s + half + 1}, {(START + 2000) * s}},
    };
    const struct time_choice choice = {.budget = 0.1, .n_left_out = 2, .left_out = ranges};
    struct time_slices slices;

    assert_int_equal(by_time_split(t, &choice, &split, &slices, NULL), 0);
    assert_int_equal(slices.ranges, 100 + 99);
    assert_int_equal(split.n_train + split.n_calibration + split.n_test + slices.gap, 801);
    for (size_t i = 0; i < split.n_train; i++)
        assert_false(number(t, split.train[i]) >= 100 && number(t, split.train[i]) < 200);
    assert_int_equal(number(t, split.test[split.n_test - 1]), 900);
}

static void what_has_no_times_is_refused(void **state)
{
    (void)state;
    struct gad_split split = {.n_test = 77};
    struct time_slices s;

    for (int times = 0; times < 2; times++) {
        gad_cleanup(gad_table_freep) struct gad_table *t = NULL;
        struct gad_diag d = {""};
        char path[TEMP_PATH];
        FILE *f = create(path);

        put_head(f, times ? ",decided" : ",x");
        for (unsigned i = 0; i < 4; i++)
            put_row(f, i, ",5");
        load(f, path, &t);
        assert_int_equal(by_time_split(t, &(struct time_choice){.budget = 0.1}, &split, &s, &d),
                         GAD_EINVAL);
        assert_non_null(strstr(d.text, times ? "4 records" : "no record has a time"));
        assert_int_equal(split.n_test, 77);
    }
}

static void each_failed_allocation_is_reported_and_nothing_leaks(void **state)
{
    (void)state;
    gad_cleanup(gad_table_freep) struct gad_table *t = regular(50, 10);
    int r = -1;
    long k = 0;

    while (r != 0 && k < 20) {
        gad_cleanup(gad_split_deinit) struct gad_split split = {0};
        struct time_slices s;
        (void)gad_mem_fail_at(++k);
        r = by_time_split(t, &(struct time_choice){.budget = 0.1}, &split, &s, NULL);
        (void)gad_mem_fail_at(0);
        assert_true(r == 0 || (r == GAD_ENOMEM && split.n_train == 0));
    }
    assert_true(k == 5 && r == 0);
}

static void fits(bool want, const char *head, const char *row)
{
    char path[TEMP_PATH];
    const char *items[] = {path};
    const struct cli_list files = {items, 1};
    FILE *f = create(path);

    if (head)
        put_head(f, head);
    put_row(f, 1, row);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(by_time_fits(&files), want);
    unlink(path);
}

static void files_with_times_and_no_labels_are_recognised(void **state)
{
    (void)state;
    const char *items[] = {"/nonexistent", "-", "/dev/null"};

    fits(true, ",decided", ",5");
    fits(true, ",end,start", ",5,");
    fits(false, ",decided", ",");
    fits(false, ",decided,label", ",5,normal");
    fits(false, ",x", ",5");
    fits(false, NULL, "");
    for (size_t i = 0; i < 3; i++) {
        const struct cli_list files = {&items[i], 1};
        assert_false(by_time_fits(&files));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_day_tests_and_the_days_before_it_calibrate),
        cmocka_unit_test(the_gap_is_no_longer_than_windows_look_back),
        cmocka_unit_test(less_than_three_days_are_split_in_fifths),
        cmocka_unit_test(few_records_all_train),
        cmocka_unit_test(a_last_day_with_hardly_any_records_is_not_taken),
        cmocka_unit_test(rows_without_a_time_and_attacks_are_left_out),
        cmocka_unit_test(ranges_are_left_out),
        cmocka_unit_test(what_has_no_times_is_refused),
        cmocka_unit_test(each_failed_allocation_is_reported_and_nothing_leaks),
        cmocka_unit_test(files_with_times_and_no_labels_are_recognised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
