/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/fit/folds.h"

#include <math.h>
#include <stdlib.h>

#include "lib/base/mem.h"
#include "lib/base/rng.h"
#include "tests/unit/test.h"

static void the_number_of_folds_follows_from_the_rows(void **state)
{
    (void)state;
    assert_int_equal(folds_number(300, FOLDS_AUTO), 10);
    assert_int_equal(folds_number(2000, FOLDS_AUTO), 10);
    assert_int_equal(folds_number(2001, FOLDS_AUTO), 5);
    assert_int_equal(folds_number(20000, FOLDS_AUTO), 5);
    assert_int_equal(folds_number(20001, FOLDS_AUTO), 0);
    assert_int_equal(folds_number(20001, 5), 5);
    assert_int_equal(folds_number(300, 0), 0);
    assert_int_equal(folds_number(5, 10), 2);
    assert_int_equal(folds_number(3, FOLDS_AUTO), 0);
    assert_true(folds_rows_max(0) == 0 && folds_rows_max(5) == SIZE_MAX);
}

/* Each row is in one fold, whose model does not train on it or on the rows of the gap. */
static void each_row_is_scored_by_one_model_that_did_not_see_it(void **state)
{
    (void)state;
    for (size_t n = 20; n < 3000; n += 137)
        for (size_t k = 2; k <= FOLDS_MAX; k++)
            for (size_t last = 0; last < n / 2; last += n / 5) {
                struct folds f;
                folds_layout(n, k, last, 511, &f);
                assert_true(f.begin[0] == 0 && f.begin[k] == n);
                assert_true(last == 0 || f.begin[k - 1] == n - last);
                assert_true(f.gap <= n / k / 20);
                for (size_t row = 0; row < n; row++) {
                    size_t in = 0;
                    for (size_t fold = 0; fold < k; fold++) {
                        bool scores = row >= f.begin[fold] && row < f.begin[fold + 1];
                        bool near = row + f.gap >= f.begin[fold] && row < f.begin[fold + 1] + f.gap;
                        in += scores;
                        assert_true(folds_trains(&f, fold, row) == !near);
                        assert_false(scores && folds_trains(&f, fold, row));
                    }
                    assert_int_equal(in, 1);
                }
            }
}

static void all_folds_together_cost_at_most_what_the_whole_costs(void **state)
{
    (void)state;
    struct folds f;

    folds_layout(1000, 10, 0, 0, &f);
    assert_int_equal(folds_epochs(&f, 100), 100);
    folds_layout(20000, 5, 0, 0, &f);
    assert_int_equal(folds_epochs(&f, 70), 17);
    assert_int_equal(folds_epochs(&f, 10), 10);
    folds_layout(10000000, 5, 0, 0, &f);
    assert_int_equal(folds_epochs(&f, 15), 1);
}

/* Scores of k models on scales of their own; @odd: times as many high scores in the last fold. */
static void make(size_t n, size_t k, double odd, struct folds *f, float *whole)
{
    struct gad_rng rng = gad_rng_init(7, 0);

    folds_layout(n, k, 0, 0, f);
    f->all = gad_calloc(n * k, sizeof(*f->all));
    assert_non_null(f->all);
    for (size_t i = 0; i < n; i++) {
        double v =
            -log1p(-(double)gad_rng_uniform(&rng)) * (i >= f->begin[k - 1] ? odd : 1.0) + 1.0;
        whole[i] = (float)v;
        for (size_t fold = 0; fold < k; fold++)
            f->all[fold * n + i] =
                (float)(v * (double)(fold + 1) * (folds_trains(f, fold, i) ? 1.0 : 1.25));
    }
}

static void scores_are_on_the_scale_of_the_whole(void **state)
{
    (void)state;
    enum { N = 1000, K = 5 };
    static float whole[N];
    struct folds f;

    make(N, K, 1.0, &f, whole);
    assert_int_equal(folds_map(&f, whole), 0);
    for (size_t fold = 0; fold < K; fold++) {
        assert_true(fabs(f.ratio[fold] * (double)(fold + 1) - 1.0) < 1e-5);
        /* what a row costs more as its model did not see it stays */
        for (size_t i = f.begin[fold]; i < f.begin[fold + 1]; i++)
            assert_true(fabs((double)f.score[i] / (double)whole[i] - 1.25) < 1e-5);
    }
    folds_deinit(&f);
}

static void a_score_of_0_has_no_ratio(void **state)
{
    (void)state;
    enum { N = 100 };
    static float whole[N];
    struct folds f;

    folds_layout(N, 2, 0, 0, &f);
    f.all = gad_calloc(2 * (size_t)N, sizeof(*f.all));
    assert_non_null(f.all);
    assert_int_equal(folds_map(&f, whole), 0);
    assert_true(f.ratio[0] == 1.0 && f.ratio[1] == 1.0 && f.score[0] == 0.0f);
    folds_deinit(&f);
}

static void folds_that_differ_are_worth_fewer_rows(void **state)
{
    (void)state;
    enum { N = 5000, K = 5 };
    static float whole[N];
    struct folds f;

    make(N, K, 1.0, &f, whole);
    assert_int_equal(folds_map(&f, whole), 0);
    uint64_t like = folds_worth(&f, K);
    assert_true(like > N / 4 && like <= N);
    folds_deinit(&f);
    make(N, K, 3.0, &f, whole);
    assert_int_equal(folds_map(&f, whole), 0);
    uint64_t unlike = folds_worth(&f, K);
    assert_true(unlike >= K && unlike < N / 20);
    assert_true(folds_worth(&f, K - 1) > unlike); /* without the fold that differs */
    folds_deinit(&f);
}

static void equal_scores_are_worth_all_rows(void **state)
{
    (void)state;
    enum { N = 1000 };
    static float whole[N];
    struct folds f;

    folds_layout(N, 5, 0, 0, &f);
    f.all = gad_calloc(5 * (size_t)N, sizeof(*f.all));
    assert_non_null(f.all);
    assert_int_equal(folds_map(&f, whole), 0);
    assert_int_equal(folds_worth(&f, 5), N);
    folds_deinit(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_number_of_folds_follows_from_the_rows),
        cmocka_unit_test(each_row_is_scored_by_one_model_that_did_not_see_it),
        cmocka_unit_test(all_folds_together_cost_at_most_what_the_whole_costs),
        cmocka_unit_test(scores_are_on_the_scale_of_the_whole),
        cmocka_unit_test(a_score_of_0_has_no_ratio),
        cmocka_unit_test(folds_that_differ_are_worth_fewer_rows),
        cmocka_unit_test(equal_scores_are_worth_all_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
