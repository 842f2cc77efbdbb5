/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/feature/scaler.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "lib/base/rng.h"
#include "tests/unit/test.h"

enum { N = 200, DIM = 121, LD = 128 };

/* Columns of every size: bytes, counts, rates, dummies, constants. */
static void draw(struct gad_rng *r, size_t n, float *x)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < LD; j++) {
            uint32_t u = gad_rng_below(r, 1u << (j % 30));
            x[i * LD + j] = j % 5 == 0   ? (float)u
                            : j % 5 == 1 ? (float)(u % 512)
                            : j % 5 == 2 ? (float)(u % 101) / 100.0f
                            : j % 5 == 3 ? (float)(u & 1)
                                         : 3.0f;
        }
}

/* Straight from the words of the header. */
static float naive(enum gad_scaler_kind kind, const float *train, size_t n, size_t j, float x)
{
    float min = train[j], max = train[j], offset = 0.0f, range = 1.0f;
    double sum = 0.0, squares = 0.0;

    for (size_t i = 0; i < n; i++) {
        min = fminf(min, train[i * LD + j]);
        max = fmaxf(max, train[i * LD + j]);
        sum += (double)train[i * LD + j];
    }
    for (size_t i = 0; i < n; i++)
        squares += pow((double)train[i * LD + j] - sum / (double)n, 2.0);
    bool log = kind == GAD_SCALER_LOG_MINMAX && max > 50.0f;
    if (kind == GAD_SCALER_MINMAX || kind == GAD_SCALER_LOG_MINMAX) {
        offset = log ? log1pf(min) : min;
        range = (log ? log1pf(max) : max) - offset;
    } else if (kind == GAD_SCALER_STANDARD) {
        offset = (float)(sum / (double)n);
        range = (float)sqrt(squares / (double)n);
    }
    if (min == max)
        range = 1.0f;
    float y = ((log ? log1pf(x) : x) - offset) / range;
    return isnan(y) ? 0.0f : fmaxf(fminf(y, GAD_SCALED_MAX), -GAD_SCALED_MAX);
}

static void agrees_with_the_naive_way_bit_for_bit(void **state)
{
    (void)state;
    static float train[N * LD], x[N * LD], y[N * LD];
    struct gad_rng r = gad_rng_init(3, 0);

    draw(&r, N, train);
    draw(&r, N, x);
    for (int kind = 0; kind < GAD_N_SCALERS; kind++) {
        gad_cleanup(gad_scaler_freep) struct gad_scaler *s = NULL;
        if (kind == GAD_SCALER_QUANTILE) /* test_curve.c */
            continue;
        assert_int_equal(gad_scaler_fit((enum gad_scaler_kind)kind, N, DIM, train, LD, &s), 0);
        memcpy(y, x, sizeof(y));
        gad_scaler_apply(s, N, y, LD);
        for (size_t i = 0; i < N; i++)
            for (size_t j = 0; j < LD; j++) {
                float want = j < DIM ? naive((enum gad_scaler_kind)kind, train, N, j, x[i * LD + j])
                                     : x[i * LD + j]; /* behind dim nothing is touched */
                assert_memory_equal(&y[i * LD + j], &want, sizeof(want));
            }
    }
}

static void a_scaler_from_its_own_arrays_is_the_same(void **state)
{
    (void)state;
    static float train[N * LD], a[N * LD], b[N * LD];
    struct gad_rng r = gad_rng_init(4, 0);

    draw(&r, N, train);
    for (int kind = 0; kind < GAD_N_SCALERS; kind++) {
        gad_cleanup(gad_scaler_freep) struct gad_scaler *s = NULL;
        gad_cleanup(gad_scaler_freep) struct gad_scaler *t = NULL;
        assert_int_equal(gad_scaler_fit((enum gad_scaler_kind)kind, N, DIM, train, LD, &s), 0);
        struct gad_scaler_knots knots = gad_scaler_knots(s);
        assert_int_equal(gad_scaler_new(gad_scaler_kind(s), DIM, gad_scaler_log(s),
                                        gad_scaler_offset(s), gad_scaler_range(s), &knots, &t),
                         0);
        draw(&r, N, a);
        memcpy(b, a, sizeof(b));
        gad_scaler_apply(s, N, a, LD);
        gad_scaler_apply(t, N, b, LD);
        assert_memory_equal(a, b, sizeof(a));
    }
}

static void values_outside_the_training_range_are_not_clipped_to_it(void **state)
{
    (void)state;
    gad_cleanup(gad_scaler_freep) struct gad_scaler *s = NULL;
    const float train[2] = {0.0f, 10.0f};
    float x[3] = {20.0f, -5.0f, 1e30f};

    assert_int_equal(gad_scaler_fit(GAD_SCALER_MINMAX, 2, 1, train, 1, &s), 0);
    gad_scaler_apply(s, 3, x, 1);
    assert_true(x[0] == 2.0f && x[1] == -0.5f && x[2] == GAD_SCALED_MAX);
}

static void a_log_is_taken_only_above_fifty(void **state)
{
    (void)state;
    gad_cleanup(gad_scaler_freep) struct gad_scaler *s = NULL;
    const float train[2][4] = {{0.0f, 0.0f, 0.0f, -1.0f}, {49.0f, 50.0f, 51.0f, 51.0f}};

    assert_int_equal(gad_scaler_fit(GAD_SCALER_LOG_MINMAX, 2, 4, train[0], 4, &s), 0);
    assert_false(gad_scaler_log(s)[0]);
    assert_false(gad_scaler_log(s)[1]);
    assert_true(gad_scaler_log(s)[2]);
    assert_false(gad_scaler_log(s)[3]); /* no log of a negative number */
}

/* Whatever comes in, by whatever scaler that was accepted: finite and within the bound. */
static void nothing_but_finite_numbers_comes_out(void **state)
{
    (void)state;
    static const float odd[] = {0.0f,     -0.0f,     1.0f,          -1.0f,    -2.0f,   511.0f,
                                512.0f,   511.5f,    FLT_MAX,       -FLT_MAX, FLT_MIN, 1e-45f,
                                INFINITY, -INFINITY, 4294967295.0f, 9e15f,    0.25f};
    enum { N_ODD = sizeof(odd) / sizeof(odd[0]) };

    for (int log = 0; log < 2; log++)
        for (size_t o = 0; o < N_ODD; o++)
            for (size_t k = 0; k < N_ODD; k++) {
                bool logs[5] = {log, log, log, log, log};
                float offset[5], range[5], x[6][5];
                struct gad_scaler *s = NULL;
                for (size_t j = 0; j < 5; j++) {
                    offset[j] = odd[o];
                    range[j] = odd[k];
                }
                bool legal = isfinite(odd[o]) && isfinite(odd[k]) && odd[k] > 0.0f;
                assert_int_equal(
                    gad_scaler_new(GAD_SCALER_LOG_MINMAX, 5, logs, offset, range, NULL, &s),
                    legal ? 0 : GAD_EFORMAT);
                if (!s)
                    continue;
                for (size_t i = 0; i < 6; i++)
                    for (size_t j = 0; j < 5; j++)
                        x[i][j] = i * 5 + j < N_ODD ? odd[i * 5 + j] : NAN;
                gad_scaler_apply(s, 6, x[0], 5);
                for (size_t i = 0; i < 6; i++)
                    for (size_t j = 0; j < 5; j++) {
                        assert_true(x[i][j] >= -GAD_SCALED_MAX && x[i][j] <= GAD_SCALED_MAX);
                        assert_true(isfinite(gad_scaler_invert(s, j, x[i][j])));
                    }
                assert_true(x[5][4] == 0.0f); /* NaN, in the lanes' tail */
                assert_true(x[4][0] == 0.0f); /* NaN, in the lanes */
                gad_scaler_free(s);
            }
}

static void invert_undoes_apply(void **state)
{
    (void)state;
    static float train[N * LD];
    struct gad_rng r = gad_rng_init(5, 0);

    draw(&r, N, train);
    for (int kind = 0; kind < GAD_N_SCALERS; kind++) {
        gad_cleanup(gad_scaler_freep) struct gad_scaler *s = NULL;
        float y[LD];
        assert_int_equal(gad_scaler_fit((enum gad_scaler_kind)kind, N, DIM, train, LD, &s), 0);
        memcpy(y, train + LD, sizeof(y));
        gad_scaler_apply(s, 1, y, LD);
        for (size_t j = 0; j < DIM; j++) {
            float x = train[LD + j], back = gad_scaler_invert(s, j, y[j]);
            /* each of the two ways rounds a few times, relative to the range of the column */
            float range = gad_scaler_log(s)[j] ? x + 1.0f : gad_scaler_range(s)[j];
            assert_true(fabsf(back - x) <= 1e-5f * (fabsf(x) + range));
        }
    }
}

static void bad_arguments_are_refused(void **state)
{
    (void)state;
    struct gad_scaler *s = NULL;
    static float zero[4097], one[4097];
    static bool log[4097];
    float x[2] = {1.0f, NAN};

    for (size_t j = 0; j < 4097; j++)
        one[j] = 1.0f;
    assert_int_equal(gad_scaler_new(GAD_SCALER_NONE, 0, log, zero, one, NULL, &s), GAD_ELIMIT);
    assert_int_equal(gad_scaler_new(GAD_SCALER_NONE, 4097, log, zero, one, NULL, &s), GAD_ELIMIT);
    assert_int_equal(gad_scaler_new(GAD_SCALER_NONE, 1, log, zero, zero, NULL, &s), GAD_EFORMAT);
    assert_int_equal(gad_scaler_new(GAD_N_SCALERS, 1, log, zero, one, NULL, &s), GAD_EFORMAT);
    assert_int_equal(gad_scaler_fit(GAD_SCALER_MINMAX, 0, 1, x, 1, &s), GAD_EINVAL);
    assert_int_equal(gad_scaler_fit(GAD_SCALER_MINMAX, 2, 1, x, 1, &s), GAD_EINVAL);
    x[1] = -INFINITY;
    assert_int_equal(gad_scaler_fit(GAD_SCALER_MINMAX, 2, 1, x, 1, &s), GAD_EINVAL);
    x[0] = FLT_MAX;
    x[1] = -FLT_MAX;
    assert_int_equal(gad_scaler_fit(GAD_SCALER_MINMAX, 2, 1, x, 1, &s), GAD_EINVAL);
    assert_null(s);
    assert_int_equal(gad_scaler_new(GAD_SCALER_NONE, 4096, log, zero, one, NULL, &s), 0);
    gad_scaler_free(s);
}

static void kinds_have_names(void **state)
{
    (void)state;
    static const char *const names[] = {"none", "minmax", "log-minmax", "standard", "quantile"};

    for (int k = 0; k < GAD_N_SCALERS; k++) {
        assert_string_equal(gad_scaler_kind_name((enum gad_scaler_kind)k), names[k]);
        assert_int_equal(gad_scaler_kind_by_name(names[k]), k);
    }
    assert_int_equal(gad_scaler_kind_by_name("min-max"), -1);
    assert_string_equal(gad_scaler_kind_name((enum gad_scaler_kind)99), "?");
}

static void each_failed_allocation_is_reported_and_nothing_leaks(void **state)
{
    (void)state;
    const float x[4] = {1.0f, 2.0f, 3.0f, 4.0f};
    int r = -1;
    long k = 0;

    while (r != 0 && k < 100) {
        struct gad_scaler *s = NULL;
        (void)gad_mem_fail_at(++k);
        r = gad_scaler_fit(GAD_SCALER_STANDARD, 2, 2, x, 2, &s);
        (void)gad_mem_fail_at(0);
        assert_true(r == 0 || (r == GAD_ENOMEM && s == NULL));
        gad_scaler_free(s);
    }
    assert_true(k > 5 && r == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_naive_way_bit_for_bit),
        cmocka_unit_test(a_scaler_from_its_own_arrays_is_the_same),
        cmocka_unit_test(values_outside_the_training_range_are_not_clipped_to_it),
        cmocka_unit_test(a_log_is_taken_only_above_fifty),
        cmocka_unit_test(nothing_but_finite_numbers_comes_out),
        cmocka_unit_test(invert_undoes_apply),
        cmocka_unit_test(bad_arguments_are_refused),
        cmocka_unit_test(kinds_have_names),
        cmocka_unit_test(each_failed_allocation_is_reported_and_nothing_leaks),
    };
    return cmocka_run_group_tests_name("scaler", tests, NULL, NULL);
}
