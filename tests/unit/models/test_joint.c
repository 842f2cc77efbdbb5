/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "lib/base/rng.h"
#include "models/joint.h"
#include "models/joint_fit.h"
#include "tests/unit/test.h"

/* Two parts, the first with padding: elements 0, 1, 2 at 0, elements 3, 4 at 16. */
enum { N = 20480, WIDTH = 5, LD = 32 };

static struct gad_joint_layout layout(void)
{
    struct gad_joint_layout l = {0};

    gad_joint_add(&l, 3);
    gad_joint_add(&l, 2);
    assert_int_equal(l.n, WIDTH);
    assert_int_equal(l.ld, LD);
    return l;
}

/* Correlated elements with a mean, of very different size; the last one never varies. */
static void draw(float *v)
{
    struct gad_rng r = gad_rng_init(7, 0);

    for (size_t i = 0; i < N; i++) {
        float g[4], *p = v + i * LD;
        gad_rng_normal(&r, 4, g);
        p[0] = 0.5f + g[0];
        p[1] = 100.0f * (g[0] + 0.1f * g[1]);
        p[2] = 0.01f * g[2] - 3.0f;
        p[16] = 0.01f * g[2] + 0.02f * g[3];
        p[17] = 1.0f;
    }
}

static int fit(const struct gad_joint_layout *l, size_t n, const float *v, float *weight,
               float *bias)
{
    gad_cleanup(gad_joint_fit_freep) struct gad_joint_fit *f = NULL;

    assert_int_equal(gad_joint_fit_new(l, &f), 0);
    for (size_t i = 0; i < n; i += GAD_JOINT_FIT_TILE)
        gad_joint_fit_moments(f, n - i < GAD_JOINT_FIT_TILE ? n - i : GAD_JOINT_FIT_TILE,
                              v + i * LD);
    for (size_t i = 0; i < n; i += 128) /* other pieces are as good */
        gad_joint_fit_products(f, n - i < 128 ? n - i : 128, v + i * LD);
    return gad_joint_fit_finish(f, weight, bias, NULL);
}

static void map(const size_t *column, const float *weight, const float *bias, const float *v,
                double *u)
{
    for (size_t k = 0; k < WIDTH; k++) {
        u[k] = (double)bias[k];
        for (size_t j = 0; j < WIDTH; j++)
            u[k] += (double)v[column[j]] * (double)weight[j * WIDTH + k];
    }
}

static void components_have_mean_0_variance_1_and_no_correlation(void **state)
{
    (void)state;
    static float v[N * LD], weight[WIDTH * WIDTH], bias[WIDTH];
    double mean[WIDTH] = {0}, c[WIDTH][WIDTH] = {{0}}, u[WIDTH];
    struct gad_joint_layout l = layout();
    size_t column[WIDTH];

    draw(v);
    gad_joint_columns(&l, column);
    assert_int_equal(fit(&l, N, v, weight, bias), 0);
    for (size_t i = 0; i < N; i++) {
        map(column, weight, bias, v + i * LD, u);
        for (size_t j = 0; j < WIDTH; j++) {
            mean[j] += u[j] / N;
            for (size_t k = 0; k < WIDTH; k++)
                c[j][k] += u[j] * u[k] / N;
        }
    }
    for (size_t j = 0; j < WIDTH; j++) {
        assert_true(fabs(mean[j]) < 0.02);
        for (size_t k = 0; k < WIDTH; k++) { /* the ridge shrinks; what never varies stays 0 */
            assert_true(fabs(c[j][k] - (j == k && j < 4 ? 1.0 : 0.0)) < 0.08);
            assert_true(k >= j || weight[j * WIDTH + k] == 0.0f); /* upper triangular */
        }
    }
}

static void scale_does_not_matter(void **state)
{
    (void)state;
    static float v[N * LD], weight[WIDTH * WIDTH], bias[WIDTH], u_of[2][100][WIDTH];
    struct gad_joint_layout l = layout();
    size_t column[WIDTH];
    double u[WIDTH];

    gad_joint_columns(&l, column);
    for (size_t times = 0; times < 2; times++) {
        draw(v);
        for (size_t i = 0; i < N * LD; i++)
            v[i] *= times ? 8.0f : 1.0f;
        assert_int_equal(fit(&l, N, v, weight, bias), 0);
        for (size_t i = 0; i < 100; i++) {
            map(column, weight, bias, v + i * LD, u);
            for (size_t j = 0; j < WIDTH; j++)
                u_of[times][i][j] = (float)u[j];
        }
    }
    for (size_t i = 0; i < 100; i++)
        for (size_t j = 0; j < WIDTH; j++)
            assert_true(fabsf(u_of[0][i][j] - u_of[1][i][j]) < 0.02f);
}

static void rows_that_cannot_be_fitted_are_an_error(void **state)
{
    (void)state;
    static float v[LD], weight[WIDTH * WIDTH], bias[WIDTH];
    struct gad_joint_layout l = layout();

    assert_int_equal(fit(&l, 0, v, weight, bias), GAD_EINVAL);
    assert_int_equal(fit(&l, 1, v, weight, bias), 0); /* one row: all of it is usual */
    v[1] = INFINITY;
    assert_int_equal(fit(&l, 1, v, weight, bias), GAD_EINVAL);
}

static void a_failed_allocation_is_an_error(void **state)
{
    (void)state;
    struct gad_joint_layout l = layout();
    struct gad_joint_fit *f = NULL;
    int err = GAD_ENOMEM;

    for (long k = 1; err; k++) {
        assert_null(f);
        (void)gad_mem_fail_at(k);
        err = gad_joint_fit_new(&l, &f);
        (void)gad_mem_fail_at(0);
        assert_true(k < 100 && (err == 0 || err == GAD_ENOMEM));
    }
    gad_joint_fit_free(f);
}

static void every_kernel_bounds_each_component(void **state)
{
    (void)state;
    enum { ROWS = 3 };
    static _Alignas(64) float u[ROWS * LD], d[ROWS];
    const struct gad_kernel *k;

    for (size_t j = 0; j < LD; j++) {
        u[j] = 0.1f * (float)j;
        u[LD + j] = j == 5 ? 1e30f : j == 6 ? -INFINITY : 0.0f;
    }
    double want = 0.0;
    for (size_t j = 0; j < LD; j++)
        want += 0.01 * (double)(j * j) / (1.0 + 0.001 * (double)(j * j));
    for (size_t i = 0; (k = gad_kernel_at(i)); i++) {
        k->bounded(ROWS, u, LD, 10.0f, d);
        assert_true(fabs((double)d[0] - want) < 1e-5 * want);
        assert_true(fabs((double)d[1] - 20.0) < 1e-5);
        assert_true(d[2] == 0.0f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(components_have_mean_0_variance_1_and_no_correlation),
        cmocka_unit_test(scale_does_not_matter),
        cmocka_unit_test(rows_that_cannot_be_fitted_are_an_error),
        cmocka_unit_test(a_failed_allocation_is_an_error),
        cmocka_unit_test(every_kernel_bounds_each_component),
    };
    return cmocka_run_group_tests_name("joint", tests, NULL, NULL);
}
