/* SPDX-License-Identifier: Apache-2.0 */
#include "models/calibrate.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "lib/base/diag.h"
#include "lib/base/rng.h"
#include "lib/checkpoint/checkpoint.h"
#include "tests/unit/test.h"

static struct gad_calibration *calibrate(size_t n, const float *score)
{
    struct gad_calibration *c = NULL;
    assert_int_equal(gad_calibration_new(n, score, 0.0, &c, NULL), 0);
    return c;
}

static size_t n_at_most(size_t n, const float *score, float s)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        k += score[i] <= s;
    return k;
}

/* The rule of proto/checkpoint.proto, by counting: enough scores at or below the value, too few
 * below it. */
static void assert_obeys_the_rule(const struct gad_calibration *c, size_t n, const float *score)
{
    assert_int_equal(c->n, n);
    assert_in_range(c->n_levels, 2, GAD_CKPT_LEVELS_MAX);
    assert_true(c->level[0] == 0.0 && c->level[c->n_levels - 1] == 1.0);
    for (size_t i = 0; i < c->n_levels; i++) {
        if (i > 0)
            assert_true(c->level[i] > c->level[i - 1] && c->value[i] >= c->value[i - 1]);
        double need = c->level[i] * (double)n;
        assert_true((double)n_at_most(n, score, c->value[i]) >= need - 1e-6);
        size_t fewer = n_at_most(n, score, nextafterf(c->value[i], -INFINITY));
        assert_true(i == 0 ? fewer == 0 : (double)fewer < need - 1e-9);
    }
}

static void every_quantile_obeys_the_rule(void **state)
{
    (void)state;
    static const size_t sizes[] = {1,   2,   3,   99,   100,  101,  199,
                                   200, 201, 999, 1000, 1001, 4865, 20000};
    struct gad_rng rng = gad_rng_init(7, 1);

    for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++)
        for (int ties = 0; ties < 2; ties++) {
            size_t n = sizes[k];
            gad_cleanup(gad_freep) float *score = gad_calloc(n, sizeof(*score));
            assert_non_null(score);
            for (size_t i = 0; i < n; i++)
                score[i] = ties ? (float)gad_rng_below(&rng, 10) : gad_rng_uniform(&rng) * 50.0f;
            gad_cleanup(gad_calibration_freep) struct gad_calibration *c = calibrate(n, score);
            assert_obeys_the_rule(c, n, score);
        }
}

/* The value at the first level >= 1 - fpr, as a detector looks it up. */
static float threshold(const struct gad_calibration *c, double fpr)
{
    size_t i = 0;
    while (c->level[i] < 1.0 - fpr)
        i++;
    return c->value[i];
}

static void a_budget_is_kept_to_the_last_row(void **state)
{
    (void)state;
    enum { N = 4865 };
    static float score[N];
    for (int i = 0; i < N; i++)
        score[i] = (float)((i * 11) % N); /* a permutation: score s has exactly s scores below it */
    gad_cleanup(gad_calibration_freep) struct gad_calibration *c = calibrate(N, score);

    static const double budget[] = {0.1, 0.05, 0.01, 0.005, 0.001, 0.0005};
    for (size_t k = 0; k < sizeof(budget) / sizeof(budget[0]); k++) {
        size_t above = N - n_at_most(N, score, threshold(c, budget[k]));
        assert_int_equal(above, (size_t)floor(budget[k] * N));
    }
    assert_true(threshold(c, 0.0001) == N - 1); /* finer than the sample: nothing above */
}

static void small_samples_keep_every_rank_once(void **state)
{
    (void)state;
    static const float score[] = {5.0f, 1.0f, 3.0f};
    gad_cleanup(gad_calibration_freep) struct gad_calibration *c = calibrate(3, score);

    assert_int_equal(c->n_levels, 4); /* 0, and the last level of each of three ranks */
    assert_true(c->value[0] == 1.0f && c->value[1] == 1.0f);
    assert_true(c->value[2] == 3.0f && c->value[3] == 5.0f);
    assert_true(c->level[1] == 0.33 && c->level[2] == 0.665);
}

static void order_does_not_matter(void **state)
{
    (void)state;
    static const float up[] = {1.0f, 2.0f, 3.0f, 4.0f}, down[] = {4.0f, 3.0f, 2.0f, 1.0f};
    gad_cleanup(gad_calibration_freep) struct gad_calibration *a = calibrate(4, up);
    gad_cleanup(gad_calibration_freep) struct gad_calibration *b = calibrate(4, down);

    assert_int_equal(a->n_levels, b->n_levels);
    assert_memory_equal(a->value, b->value, a->n_levels * sizeof(*a->value));
}

static void what_is_believed_to_be_attacks_is_left_out(void **state)
{
    (void)state;
    enum { N = 1000, LEFT = 950 };
    struct gad_calibration *all = NULL, *left = NULL;
    float score[N];

    for (size_t i = 0; i < N; i++)
        score[i] = (float)(i * 7 % N); /* each once, in no order */
    assert_int_equal(gad_calibration_new(N, score, 0.0496, &all, NULL), 0); /* rounds to 50 */
    for (size_t i = 0; i < LEFT; i++)
        score[i] = (float)i;
    assert_int_equal(gad_calibration_new(LEFT, score, 0.0, &left, NULL), 0);
    assert_int_equal(all->n, LEFT);
    assert_int_equal(all->n_levels, left->n_levels);
    assert_memory_equal(all->value, left->value, left->n_levels * sizeof(*left->value));
    gad_calibration_free(all);
    gad_calibration_free(left);
    assert_int_equal(gad_calibration_new(1, score, 0.5, &all, NULL), GAD_EINVAL);
}

static void bad_samples_are_refused(void **state)
{
    (void)state;
    static const float score[] = {1.0f, NAN}, inf[] = {INFINITY};
    struct gad_calibration *c = NULL;
    struct gad_diag d = {0};

    assert_int_equal(gad_calibration_new(0, score, 0.0, &c, &d), GAD_EINVAL);
    assert_int_equal(gad_calibration_new(2, score, 0.0, &c, &d), GAD_EINVAL);
    assert_string_equal(d.text, "the score of row 1 is not finite");
    assert_int_equal(gad_calibration_new(1, inf, 0.0, &c, &d), GAD_EINVAL);
    assert_null(c);
}

static void running_out_of_memory_is_survived(void **state)
{
    (void)state;
    static const float score[] = {1.0f, 2.0f};
    int err = GAD_ENOMEM;

    for (long k = 1; err != 0; k++) {
        struct gad_calibration *c = NULL;
        (void)gad_mem_fail_at(k);
        err = gad_calibration_new(2, score, 0.0, &c, NULL);
        (void)gad_mem_fail_at(0);
        assert_true(err == 0 ? c != NULL : err == GAD_ENOMEM && c == NULL);
        gad_calibration_free(c);
        assert_true(k < 10);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_quantile_obeys_the_rule),
        cmocka_unit_test(a_budget_is_kept_to_the_last_row),
        cmocka_unit_test(small_samples_keep_every_rank_once),
        cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(what_is_believed_to_be_attacks_is_left_out),
        cmocka_unit_test(bad_samples_are_refused),
        cmocka_unit_test(running_out_of_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
