/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/dataset/split.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/rng.h"
#include "lib/dataset/table.h"
#include "tests/unit/data.h"
#include "tests/unit/test.h"

enum { N = 1001 };

/* 2 of 5 rows are normal. */
static void draw_labels(bool *is_normal, size_t n)
{
    struct gad_rng r = gad_rng_init(11, 0);
    for (size_t i = 0; i < n; i++)
        is_normal[i] = gad_rng_below(&r, 5) < 2;
}

static void every_row_has_one_use_and_the_right_class(void **state)
{
    (void)state;
    bool is_normal[N];

    draw_labels(is_normal, N);
    for (int p = 0; p < GAD_NORMAL_UNIQUE; p++) {
        const struct gad_split_options o = {(enum gad_protocol)p, 42, 0.1};
        gad_cleanup(gad_split_deinit) struct gad_split s = {0};
        int used[N] = {0};
        size_t n_class = 0;

        assert_int_equal(gad_split_make(&o, N, is_normal, NULL, &s, NULL), 0);
        assert_true(s.positive_is_normal == (p == GAD_SURVEY));
        for (size_t i = 0; i < s.n_train; i++) {
            used[s.train[i]]++;
            assert_true(is_normal[s.train[i]] == (p == GAD_NORMAL));
        }
        for (size_t i = 0; i < s.n_calibration; i++) {
            used[s.calibration[i]]++;
            assert_true(is_normal[s.calibration[i]] == (p == GAD_NORMAL));
        }
        n_class = s.n_train + s.n_calibration;
        assert_true(s.n_calibration == (n_class + 5) / 10);
        for (size_t i = 0; i < s.n_test; i++) {
            used[s.test[i]]++;
            assert_true(i == 0 || s.test[i] > s.test[i - 1]); /* file order */
        }
        assert_int_equal(s.n_test, N - 500);
        for (size_t i = 0; i < N;
             i++) /* what is used by none is the other class of the first half */
            assert_true(used[i] == 1 || (used[i] == 0 && is_normal[i] == (p == GAD_SURVEY)));
    }
}

static void a_unique_split_has_each_record_once(void **state)
{
    (void)state;
    const struct gad_split_options plain = {GAD_NORMAL, 42, 0.1}, o = {GAD_NORMAL_UNIQUE, 42, 0.1};
    gad_cleanup(gad_split_deinit) struct gad_split all = {0};
    gad_cleanup(gad_split_deinit) struct gad_split s = {0};
    bool is_normal[N];
    uint32_t first[N];
    int trains[300] = {0}, tests[300] = {0}, normal_trains[300] = {0};

    draw_labels(is_normal, N);
    for (uint32_t i = 0; i < N; i++)
        first[i] = i % 300; /* every record three or four times, with one label or both */
    assert_int_equal(gad_split_make(&plain, N, is_normal, NULL, &all, NULL), 0);
    assert_int_equal(gad_split_make(&o, N, is_normal, first, &s, NULL), 0);
    for (size_t i = 0; i < all.n_train; i++)
        normal_trains[first[all.train[i]]] = 1;
    for (size_t i = 0; i < all.n_calibration; i++)
        normal_trains[first[all.calibration[i]]] = 1;
    for (size_t i = 0; i < s.n_train; i++)
        trains[first[s.train[i]]]++;
    for (size_t i = 0; i < s.n_calibration; i++)
        trains[first[s.calibration[i]]]++;
    for (size_t i = 0; i < s.n_test; i++)
        tests[first[s.test[i]]]++;
    for (size_t k = 0; k < 300; k++) {
        int left = 0;
        for (size_t i = 0; i < all.n_test; i++)
            left |= first[all.test[i]] == k;
        assert_int_equal(trains[k], normal_trains[k]);
        assert_int_equal(tests[k], left && !normal_trains[k]);
    }
}

static void training_rows_stand_in_the_order_of_the_permutation(void **state)
{
    (void)state;
    bool is_normal[N];
    uint32_t order[N];
    struct gad_mt19937 mt;
    const struct gad_split_options o = {GAD_SURVEY, 7, 0.0};
    gad_cleanup(gad_split_deinit) struct gad_split s = {0};
    size_t at = 0;

    draw_labels(is_normal, N);
    gad_mt19937_seed(&mt, 7);
    gad_mt19937_permutation(&mt, N, order);
    assert_int_equal(gad_split_make(&o, N, is_normal, NULL, &s, NULL), 0);
    assert_int_equal(s.n_calibration, 0);
    for (size_t i = 0; i < 500; i++)
        if (!is_normal[order[i]])
            assert_int_equal(s.train[at++], order[i]);
    assert_int_equal(at, s.n_train);
}

static void the_same_seed_makes_the_same_split(void **state)
{
    (void)state;
    bool is_normal[N];
    struct gad_split_options o = {GAD_NORMAL, 1, 0.25};
    gad_cleanup(gad_split_deinit) struct gad_split a = {0};
    gad_cleanup(gad_split_deinit) struct gad_split b = {0};
    gad_cleanup(gad_split_deinit) struct gad_split c = {0};

    draw_labels(is_normal, N);
    assert_int_equal(gad_split_make(&o, N, is_normal, NULL, &a, NULL), 0);
    assert_int_equal(gad_split_make(&o, N, is_normal, NULL, &b, NULL), 0);
    o.seed = 2;
    assert_int_equal(gad_split_make(&o, N, is_normal, NULL, &c, NULL), 0);
    assert_true(a.n_train == b.n_train && a.n_calibration == b.n_calibration);
    assert_memory_equal(a.train, b.train, a.n_train * sizeof(a.train[0]));
    assert_memory_equal(a.calibration, b.calibration, a.n_calibration * sizeof(a.train[0]));
    assert_memory_equal(a.test, b.test, a.n_test * sizeof(a.test[0]));
    assert_memory_not_equal(a.test, c.test, a.n_test * sizeof(a.test[0]));
}

/* Python: [round(n / 2) for n in (2, 3, 4, 5, 6, 7)] = [1, 2, 2, 2, 3, 4] */
static void halves_round_as_python_does(void **state)
{
    (void)state;
    static const size_t half[] = {1, 2, 2, 2, 3, 4};
    const bool all_normal[8] = {true, true, true, true, true, true, true, true};

    for (size_t n = 2; n <= 7; n++) {
        const struct gad_split_options o = {GAD_NORMAL, 42, 0.0};
        gad_cleanup(gad_split_deinit) struct gad_split s = {0};
        assert_int_equal(gad_split_make(&o, n, all_normal, NULL, &s, NULL), 0);
        assert_int_equal(s.n_train, half[n - 2]);
        assert_int_equal(s.n_test, n - half[n - 2]);
    }
}

static void what_cannot_be_split_is_refused(void **state)
{
    (void)state;
    const bool normal[4] = {true, true, true, true};
    struct gad_split s = {0};
    struct gad_diag d = {.text = ""};
    struct gad_split_options o = {GAD_SURVEY, 42, 0.1};

    assert_int_equal(gad_split_make(&o, 4, normal, NULL, &s, &d), GAD_EINVAL); /* no attack rows */
    assert_non_null(strstr(d.text, "attack"));
    assert_int_equal(gad_split_make(&o, 0, normal, NULL, &s, &d), GAD_EINVAL);
    assert_int_equal(gad_split_make(&o, 1, normal, NULL, &s, &d), GAD_EINVAL);
    o.protocol = GAD_NORMAL;
    o.calibration = 1.0;
    assert_int_equal(gad_split_make(&o, 4, normal, NULL, &s, &d), GAD_EINVAL);
    o.calibration = 0.99; /* leaves none to train on */
    assert_int_equal(gad_split_make(&o, 4, normal, NULL, &s, &d), GAD_EINVAL);
    o.calibration = -0.1;
    assert_int_equal(gad_split_make(&o, 4, normal, NULL, &s, &d), GAD_EINVAL);
    o.calibration = 0.0;
    assert_int_equal(gad_split_make(&o, (size_t)UINT32_MAX + 1, normal, NULL, &s, &d), GAD_ELIMIT);
    o.protocol = GAD_N_PROTOCOLS;
    assert_int_equal(gad_split_make(&o, 4, normal, NULL, &s, &d), GAD_EINVAL);
    assert_null(s.train);
}

static void each_failed_allocation_is_reported_and_nothing_leaks(void **state)
{
    (void)state;
    bool is_normal[N];
    const struct gad_split_options o = {GAD_NORMAL, 42, 0.1};
    int r = -1;
    long k = 0;

    draw_labels(is_normal, N);
    while (r != 0 && k < 100) {
        struct gad_split s = {0};
        (void)gad_mem_fail_at(++k);
        r = gad_split_make(&o, N, is_normal, NULL, &s, NULL);
        (void)gad_mem_fail_at(0);
        assert_true(r == 0 || (r == GAD_ENOMEM && s.train == NULL));
        gad_split_deinit(&s);
    }
    assert_true(k > 5 && r == 0);
}

static uint64_t fnv1a64(const uint32_t *a, size_t n)
{
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < n; i++)
        for (unsigned k = 0; k < 32; k += 8)
            h = (h ^ (a[i] >> k & 0xff)) * 1099511628211u;
    return h;
}

/* The published split of the 10 % file: 198,361 attacks train; 48,629 normals and 198,382
 * attacks test. */
static void published_split_is_reproduced(void **state)
{
    (void)state;
    static const uint32_t first[] = {317921, 171422, 312181, 87346,  57449,
                                     296193, 71649,  493765, 340586, 410705};
    static char path[DATA_PATH_MAX];
    const char *const paths[] = {path};
    gad_cleanup(gad_table_freep) struct gad_table *t = NULL;
    struct gad_split_options o = {GAD_SURVEY, GAD_SPLIT_SEED, 0.0};
    gad_cleanup(gad_split_deinit) struct gad_split survey = {0};
    gad_cleanup(gad_split_deinit) struct gad_split normal = {0};
    uint32_t *order = calloc(494021, sizeof(*order));
    size_t positives = 0, at = 0;
    struct gad_mt19937 mt;

    if (!find_data("kdd99/kddcup.data_10_percent.gz", path)) {
        free(order);
        skip();
    }
    assert_int_equal(gad_table_load(paths, 1, NULL, &t, NULL), 0);
    size_t n = gad_table_n_rows(t);
    bool *is_normal = calloc(n, sizeof(*is_normal));
    for (size_t i = 0; i < n; i++)
        is_normal[i] = gad_table_is_normal(t, i);

    gad_mt19937_seed(&mt, 42);
    gad_mt19937_permutation(&mt, 494021, order);
    assert_memory_equal(order, first, sizeof(first));
    assert_true(fnv1a64(order, 247010) == UINT64_C(0x003b0c3f29aa6739));

    assert_int_equal(gad_split_make(&o, n, is_normal, NULL, &survey, NULL), 0);
    assert_int_equal(survey.n_train, 198361);
    assert_int_equal(survey.n_test, 247011);
    for (size_t i = 0; i < 247010; i++)
        if (!is_normal[order[i]])
            assert_int_equal(survey.train[at++], order[i]);
    for (size_t i = 0; i < survey.n_test; i++)
        positives += is_normal[survey.test[i]];
    assert_int_equal(positives, 48629);

    o.protocol = GAD_NORMAL;
    assert_int_equal(gad_split_make(&o, n, is_normal, NULL, &normal, NULL), 0);
    assert_int_equal(normal.n_train, 48649);
    assert_memory_equal(normal.test, survey.test, survey.n_test * sizeof(survey.test[0]));
    free(is_normal);
    free(order);
}

static void thinned_rows_are_evenly_spread(void **state)
{
    (void)state;
    uint32_t row[10], none[1];

    for (size_t max = 1; max <= 11; max++) {
        for (uint32_t i = 0; i < 10; i++)
            row[i] = 100 + i;
        size_t n = gad_split_thin(row, 10, max);
        assert_int_equal(n, max < 10 ? max : 10);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(row[i], 100 + i * 10 / n);
    }
    assert_int_equal(gad_split_thin(none, 0, 5), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_unique_split_has_each_record_once),
        cmocka_unit_test(every_row_has_one_use_and_the_right_class),
        cmocka_unit_test(training_rows_stand_in_the_order_of_the_permutation),
        cmocka_unit_test(the_same_seed_makes_the_same_split),
        cmocka_unit_test(halves_round_as_python_does),
        cmocka_unit_test(what_cannot_be_split_is_refused),
        cmocka_unit_test(each_failed_allocation_is_reported_and_nothing_leaks),
        cmocka_unit_test(thinned_rows_are_evenly_spread),
        cmocka_unit_test(published_split_is_reproduced),
    };
    return cmocka_run_group_tests_name("split", tests, NULL, NULL);
}
