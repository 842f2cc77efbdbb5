/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "lib/base/rng.h"
#include "models/whiten_fit.h"
#include "tests/unit/test.h"

enum { N = 20000, WIDTH = 5, LD = 16 };

/* Correlated errors with a mean, of very different size; the last one never varies. */
static void draw(float *a, float *b)
{
    struct gad_rng r = gad_rng_init(7, 0);

    for (size_t i = 0; i < N; i++) {
        float g[4], *p = a + i * LD, *q = b + i * LD;
        gad_rng_normal(&r, 4, g);
        for (size_t j = 0; j < LD; j++)
            p[j] = q[j] = (float)j;
        p[0] += 0.5f + g[0];
        p[1] += 100.0f * (g[0] + 0.1f * g[1]);
        p[2] += 0.01f * g[2] - 3.0f;
        p[3] += 0.01f * g[2] + 0.02f * g[3];
    }
}

static void map(const float *weight, const float *bias, const float *a, const float *b, double *y)
{
    for (size_t k = 0; k < WIDTH; k++) {
        y[k] = (double)bias[k];
        for (size_t j = 0; j < WIDTH; j++)
            y[k] += ((double)a[j] - (double)b[j]) * (double)weight[j * WIDTH + k];
    }
}

static void errors_come_out_with_mean_0_variance_1_and_no_correlation(void **state)
{
    (void)state;
    static float a[N * LD], b[N * LD], weight[WIDTH * WIDTH], bias[WIDTH];
    gad_cleanup(gad_whiten_fit_freep) struct gad_whiten_fit *f = NULL;
    double mean[WIDTH] = {0}, c[WIDTH][WIDTH] = {{0}}, y[WIDTH];

    draw(a, b);
    assert_int_equal(gad_whiten_fit_new(WIDTH, &f), 0);
    assert_int_equal(gad_whiten_fit_width(f), WIDTH);
    for (size_t i = 0; i < N; i += 1000) /* in pieces, as it is used */
        gad_whiten_fit_add(f, 1000, a + i * LD, b + i * LD, LD);
    assert_int_equal(gad_whiten_fit_finish(f, 1e-12, weight, bias, NULL), 0);
    for (size_t i = 0; i < N; i++) {
        map(weight, bias, a + i * LD, b + i * LD, y);
        for (size_t j = 0; j < WIDTH; j++) {
            mean[j] += y[j] / N;
            for (size_t k = 0; k < WIDTH; k++)
                c[j][k] += y[j] * y[k] / N;
        }
    }
    for (size_t j = 0; j < WIDTH; j++) {
        assert_true(fabs(mean[j]) < 0.02);
        for (size_t k = 0; k < WIDTH; k++) /* the element that never varies stays 0 */
            assert_true(fabs(c[j][k] - (j == k && j < 4 ? 1.0 : 0.0)) < 0.02);
    }
}

static void the_ridge_keeps_an_error_that_never_varied_from_counting_without_end(void **state)
{
    (void)state;
    static float a[N * LD], b[N * LD], weight[WIDTH * WIDTH], bias[WIDTH];
    double y[WIDTH], trace = 0.0;

    draw(a, b);
    for (double ridge = 1e-6; ridge < 2.0; ridge *= 1e3) {
        gad_cleanup(gad_whiten_fit_freep) struct gad_whiten_fit *f = NULL;
        assert_int_equal(gad_whiten_fit_new(WIDTH, &f), 0);
        gad_whiten_fit_add(f, N, a, b, LD);
        assert_int_equal(gad_whiten_fit_finish(f, ridge, weight, bias, NULL), 0);
        trace = 1.0 + 1e4 * 1.01 + 1e-4 + 5e-4; /* as drawn */
        float one = b[4] + 1.0f, old = a[4];
        a[4] = one;
        map(weight, bias, a, b, y);
        a[4] = old;
        assert_true(fabs(y[4] * y[4] * ridge * trace / WIDTH - 1.0) < 0.1);
    }
}

static void no_rows_and_no_numbers_are_refused(void **state)
{
    (void)state;
    float weight[4], bias[2], a[2] = {1.0f, INFINITY}, b[2] = {0.0f, 0.0f};
    gad_cleanup(gad_whiten_fit_freep) struct gad_whiten_fit *f = NULL;

    assert_int_equal(gad_whiten_fit_new(2, &f), 0);
    assert_int_equal(gad_whiten_fit_finish(f, 1e-3, weight, bias, NULL), GAD_EINVAL);
    gad_whiten_fit_add(f, 1, a, b, 2);
    assert_int_equal(gad_whiten_fit_finish(f, 1e-3, weight, bias, NULL), GAD_EINVAL);
}

/* All rows equal: nothing varies, and still every number is one. */
static void constant_errors_give_a_finite_map(void **state)
{
    (void)state;
    float weight[4], bias[2], a[4] = {1.0f, 2.0f, 1.0f, 2.0f}, b[4] = {0};
    gad_cleanup(gad_whiten_fit_freep) struct gad_whiten_fit *f = NULL;

    assert_int_equal(gad_whiten_fit_new(2, &f), 0);
    gad_whiten_fit_add(f, 2, a, b, 2);
    assert_int_equal(gad_whiten_fit_finish(f, 1e-3, weight, bias, NULL), 0);
    for (size_t i = 0; i < 4; i++)
        assert_true(isfinite(weight[i]) && isfinite(bias[i / 2]));
}

static void every_failed_allocation_is_reported(void **state)
{
    (void)state;
    struct gad_whiten_fit *f = NULL;
    int r = GAD_ENOMEM;

    for (long k = 1; r != 0; k++) {
        assert_true(k < 10 && !f);
        (void)gad_mem_fail_at(k);
        r = gad_whiten_fit_new(3, &f);
        (void)gad_mem_fail_at(0);
        assert_true(r == 0 || r == GAD_ENOMEM);
    }
    gad_whiten_fit_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_come_out_with_mean_0_variance_1_and_no_correlation),
        cmocka_unit_test(the_ridge_keeps_an_error_that_never_varied_from_counting_without_end),
        cmocka_unit_test(no_rows_and_no_numbers_are_refused),
        cmocka_unit_test(constant_errors_give_a_finite_map),
        cmocka_unit_test(every_failed_allocation_is_reported),
    };
    return cmocka_run_group_tests_name("whiten", tests, NULL, NULL);
}
