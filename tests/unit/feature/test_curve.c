/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/rng.h"
#include "lib/feature/curve.h"
#include "tests/unit/test.h"

enum { N = 20000 };

/* Mostly zero, a few small numbers, a long tail: as bytes and counts are. */
static void draw(float *v, uint64_t seed)
{
    struct gad_rng r = gad_rng_init(seed, 0);

    for (size_t i = 0; i < N; i++) {
        double u = (double)gad_rng_uniform(&r);
        v[i] = u < 0.7   ? 0.0f
               : u < 0.9 ? (float)floor(u * 100.0 - 69.0)
                         : (float)floor(exp((u - 0.9) * 150.0));
    }
}

/* What the header says, straight from the sorted values: no knots. */
static double exact(const float *sorted, float x)
{
    size_t below = 0, same = 0, first = 0, last = 0;

    for (size_t i = 0; i < N; i++) {
        below += sorted[i] < x;
        same += sorted[i] == x;
        first += sorted[i] == sorted[0];
        last += sorted[i] == sorted[N - 1];
    }
    double lo = 0.5 * (double)first, hi = N - 0.5 * (double)last,
           rank = ((double)below + 0.5 * (double)same - lo) / (hi - lo),
           t0 = log1p((double)sorted[0]), t1 = log1p((double)sorted[N - 1]);
    return 0.5 * rank + 0.5 * (log1p((double)x) - t0) / (t1 - t0);
}

static void fitted(float *v, struct gad_scaler **ret)
{
    assert_int_equal(gad_scaler_fit(GAD_SCALER_QUANTILE, N, 1, v, 1, ret), 0);
    assert_in_range(gad_scaler_knots(*ret).n[0], 2, GAD_SCALER_KNOTS_MAX);
}

static void a_value_is_half_its_rank_and_half_its_log(void **state)
{
    (void)state;
    static float v[N];
    gad_cleanup(gad_scaler_freep) struct gad_scaler *s = NULL;
    static float x[GAD_SCALER_KNOTS_MAX], y[GAD_SCALER_KNOTS_MAX];

    draw(v, 1);
    fitted(v, &s);
    (void)gad_curve_fit(N, v, x, y); /* sorts */
    for (size_t i = 0; i < N; i += 37) {
        float got = v[i];
        gad_scaler_apply(s, 1, &got, 1);
        /* between two knots a straight line replaces what happens within a 48th */
        assert_true(fabs((double)got - exact(v, v[i])) < 1.0 / 48);
    }
    float ends[2] = {v[0], v[N - 1]};
    gad_scaler_apply(s, 2, ends, 1);
    assert_true(fabsf(ends[0]) < 1e-6f && fabsf(ends[1] - 1.0f) < 1e-6f);
}

static void more_is_more_and_the_inverse_leads_back(void **state)
{
    (void)state;
    static float v[N];
    gad_cleanup(gad_scaler_freep) struct gad_scaler *s = NULL;
    float last = -1.0f;

    draw(v, 2);
    fitted(v, &s);
    for (float x = 0.0f; x < 1e9f; x = x < 600.0f ? x + 0.5f : x * 1.3f) {
        float y = x;
        gad_scaler_apply(s, 1, &y, 1);
        assert_true(y > last);
        last = y;
        float back = gad_scaler_invert(s, 0, y);
        assert_true(fabsf(back - x) <= 1e-3f * (1.0f + x));
    }
}

/* Beyond the largest value seen a value stands out by more than the log of their ratio. */
static void what_was_never_seen_stands_out(void **state)
{
    (void)state;
    float v[3] = {0.0f, 1.0f, 471.0f}, x[2] = {511.0f, 471.0f};
    gad_cleanup(gad_scaler_freep) struct gad_scaler *s = NULL;

    assert_int_equal(gad_scaler_fit(GAD_SCALER_QUANTILE, 3, 1, v, 1, &s), 0);
    gad_scaler_apply(s, 2, x, 1);
    assert_true(fabs((double)(x[0] - x[1]) - log1p(40.0) / (2.0 * log1p(471.0))) < 1e-5);
}

static void rates_and_constants_have_no_curve(void **state)
{
    (void)state;
    const float train[3][3] = {{0.0f, 7.0f, 0.0f}, {0.5f, 7.0f, 3.0f}, {1.0f, 7.0f, 2.0f}};
    gad_cleanup(gad_scaler_freep) struct gad_scaler *s = NULL;
    float x[3] = {0.25f, 9.0f, 3.0f};

    assert_int_equal(gad_scaler_fit(GAD_SCALER_QUANTILE, 3, 3, train[0], 3, &s), 0);
    assert_int_equal(gad_scaler_knots(s).n[0], 0);
    assert_int_equal(gad_scaler_knots(s).n[1], 0);
    assert_int_equal(gad_scaler_knots(s).n[2], 3);
    gad_scaler_apply(s, 1, x, 3);
    assert_true(x[0] == 0.25f && x[1] == 2.0f && fabsf(x[2] - 1.0f) < 1e-6f);
}

static void knots_that_do_not_ascend_are_refused(void **state)
{
    (void)state;
    const bool log = true;
    const float zero = 0.0f, one = 1.0f;
    const struct {
        uint32_t n;
        float x[3], y[3];
        int err;
    } cases[] = {
        {3, {0, 1, 2}, {0, 0.5f, 1}, 0},
        {3, {0, 1, 1}, {0, 0.5f, 1}, GAD_EFORMAT},
        {3, {0, 1, 2}, {0, 0.5f, 0.5f}, GAD_EFORMAT},
        {3, {0, 1, INFINITY}, {0, 0.5f, 1}, GAD_EFORMAT},
        {3, {0, NAN, 2}, {0, 0.5f, 1}, GAD_EFORMAT},
        {1, {1}, {0}, GAD_EFORMAT},
        {2, {-1, 0}, {0, 1}, GAD_EFORMAT}, /* the last place divides */
        {0, {0}, {0}, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct gad_scaler_knots k = {&cases[i].n, cases[i].x, cases[i].y};
        struct gad_scaler *s = NULL;
        assert_int_equal(gad_scaler_new(GAD_SCALER_QUANTILE, 1, &log, &zero, &one, &k, &s),
                         cases[i].err);
        gad_scaler_free(s);
        s = NULL;
        assert_int_equal(gad_scaler_new(GAD_SCALER_MINMAX, 1, &log, &zero, &one, &k, &s),
                         GAD_EFORMAT);
        if (cases[i].n > 0) /* an element with knots is moved and divided by nothing else */
            assert_int_equal(gad_scaler_new(GAD_SCALER_QUANTILE, 1, &log, &one, &one, &k, &s),
                             GAD_EFORMAT);
        gad_scaler_free(s);
    }
}

static void every_failed_allocation_is_reported(void **state)
{
    (void)state;
    const float train[4] = {0.0f, 1.0f, 2.0f, 900.0f};
    struct gad_scaler *s = NULL;
    int r = GAD_ENOMEM;

    for (long k = 1; r != 0; k++) {
        assert_true(k < 100);
        (void)gad_mem_fail_at(k);
        r = gad_scaler_fit(GAD_SCALER_QUANTILE, 4, 1, train, 1, &s);
        (void)gad_mem_fail_at(0);
        assert_true(r == 0 || r == GAD_ENOMEM);
    }
    gad_scaler_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_half_its_rank_and_half_its_log),
        cmocka_unit_test(more_is_more_and_the_inverse_leads_back),
        cmocka_unit_test(what_was_never_seen_stands_out),
        cmocka_unit_test(rates_and_constants_have_no_curve),
        cmocka_unit_test(knots_that_do_not_ascend_are_refused),
        cmocka_unit_test(every_failed_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
