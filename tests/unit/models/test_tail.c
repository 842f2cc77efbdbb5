/* SPDX-License-Identifier: Apache-2.0 */
#include "models/tail.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/rng.h"
#include "lib/checkpoint/checkpoint.h"
#include "models/interval.h"
#include "tests/unit/test.h"

static double uniform(struct gad_rng *rng)
{
    return ((double)(gad_rng_u64(rng) >> 11) + 0.5) * 0x1p-53;
}

/* The quantile that a share @p of a GPD exceeds; the level is 0. */
static double quantile(double p, double shape, double scale)
{
    return scale * (shape == 0.0 ? -log(p) : expm1(-shape * log(p)) / shape);
}

static int ascending(const void *pa, const void *pb)
{
    const float *a = pa, *b = pb;
    return (*a > *b) - (*a < *b);
}

static void draw(struct gad_rng *rng, size_t n, double shape, double scale, float *s)
{
    for (size_t i = 0; i < n; i++)
        s[i] = (float)quantile(uniform(rng), shape, scale);
    qsort(s, n, sizeof(*s), ascending);
}

enum { N = 10000, SAMPLES = 12 };
static float sample[50000];

/* All of a GPD sample is a GPD, and so is what exceeds a level: shape stays, scale grows. At 95 %,
 * three or more of 12 intervals fail in 2 of 100 sets. Seeds are fixed. */
static void known_distributions_are_in_their_intervals(void **state)
{
    (void)state;
    static const double shapes[] = {-0.3, 0.0, 0.5, 0.9};

    for (size_t k = 0; k < 4; k++) {
        unsigned fitted = 0, held[2] = {0, 0};
        double sum = 0.0;
        for (unsigned i = 0; i < SAMPLES; i++) {
            struct gad_rng rng = gad_rng_init(7 + i, k);
            struct gad_ckpt_tail t;
            draw(&rng, N, shapes[k], 3.0, sample);
            assert_int_equal(gad_tail_fit(N, sample, &t), 0);
            if (t.state != GAD_CKPT_TAIL_FITTED)
                continue;
            fitted++;
            sum += t.shape;
            assert_in_range(t.n_peaks, GAD_TAIL_PEAKS_MIN, N / 50);
            for (unsigned q = 0; q < 2; q++) {
                double p = q == 0 ? 1e-5 : 1e-6;
                double at = quantile(p, shapes[k], 3.0);
                double highest = fmin((double)sample[N - 1], at * (1 - 1e-9));
                struct gad_interval in = gad_tail_interval(&t, N, highest, at);
                held[q] += in.low <= p && p <= in.high;
            }
        }
        assert_true(fitted >= SAMPLES - 3);
        assert_true(fabs(sum / fitted - shapes[k]) < 0.15);
        for (unsigned q = 0; q < 2; q++)
            if (held[q] + 2 < fitted)
                fail_msg("shape %g: %u of %u intervals hold", shapes[k], held[q], fitted);
    }
}

static void what_is_no_tail_has_none(void **state)
{
    (void)state;
    struct gad_rng rng = gad_rng_init(1, 1);
    struct gad_ckpt_tail t, zero = {0};

    draw(&rng, N, 0.5, 1.0, sample);
    for (unsigned n = 0; n < 3; n++) {
        assert_int_equal(gad_tail_fit(n == 2 ? 2499 : n, sample, &t), 0);
        assert_int_equal(t.state, GAD_CKPT_TAIL_FEW);
        t.state = 0;
        assert_memory_equal(&t, &zero, sizeof(t));
    }
    assert_int_equal(gad_tail_fit(2500, sample + N - 2500, &t), 0);
    assert_int_not_equal(t.state, GAD_CKPT_TAIL_FEW);

    for (size_t i = 0; i < N; i++)
        sample[i] = 5.0f; /* all equal */
    assert_int_equal(gad_tail_fit(N, sample, &t), 0);
    assert_int_equal(t.state, GAD_CKPT_TAIL_TIES);
    for (size_t i = 0; i < N; i++)
        sample[i] = (float)(i / 40); /* five values among the peaks */
    assert_int_equal(gad_tail_fit(N, sample, &t), 0);
    assert_int_equal(t.state, GAD_CKPT_TAIL_TIES);

    /* In every set of peaks, two lumps far apart. */
    for (size_t i = 0; i < N; i++)
        sample[i] = (float)(i < N - 30 ? 0.001 * (double)i : 1e6 + (double)i);
    assert_int_equal(gad_tail_fit(N, sample, &t), 0);
    assert_int_equal(t.state, GAD_CKPT_TAIL_POOR);
}

static void extreme_samples_end_and_stay_finite(void **state)
{
    (void)state;
    static const double scales[] = {1e-30, 1.0, 1e30};

    for (size_t k = 0; k < 3; k++) {
        struct gad_rng rng = gad_rng_init(3, k);
        struct gad_ckpt_tail t;
        draw(&rng, N, 0.5, scales[k], sample);
        assert_int_equal(gad_tail_fit(N, sample, &t), 0);
        assert_int_equal(t.state, GAD_CKPT_TAIL_FITTED);
        assert_true(fabs(t.shape - 0.5) < 0.5);
        double p = gad_tail_p(&t, N, (double)sample[N - 1], (double)FLT_MAX);
        assert_true(p >= GAD_TAIL_P_MIN && p < 1e-4);
        sample[N - 1] = FLT_MAX;
        assert_int_equal(gad_tail_fit(N, sample, &t), 0);
    }
    for (size_t i = 0; i < N; i++)
        sample[i] = -FLT_MAX + (float)i * 1e34f;
    struct gad_ckpt_tail t;
    assert_int_equal(gad_tail_fit(N, sample, &t), 0);
}

/* From the highest score on, for good fits and for stored figures that are far off. */
static void p_values_are_continuous_and_never_rise(void **state)
{
    (void)state;
    static const double shapes[] = {-0.4, 0.0, 0.3, 1.5}, highest[] = {4.0, 60.0, 5000.0};
    static const uint64_t peaks[] = {50, 999};

    for (size_t i = 0; i < 24; i++) {
        struct gad_ckpt_tail t = {.state = GAD_CKPT_TAIL_FITTED,
                                  .n_peaks = peaks[i / 12],
                                  .shape = shapes[i % 4],
                                  .scale = 3.0};
        double top = highest[i / 4 % 3];
        if (t.shape < 0)
            top = 0.9999 * t.scale / -t.shape;
        for (size_t k = 0; k < GAD_CKPT_TAIL_CURVE; k++) {
            t.curve_shape[k] = t.shape;
            t.curve_scale[k] = t.scale;
        }
        double last = 1.0 / 10001.0;
        double at = gad_tail_p(&t, 10000, top, nextafter(top, HUGE_VAL));
        assert_true(at <= last * (1 + 1e-12) && at > 0.999 * last);
        for (double s = top; s < 1e30; s = s * 1.01 + 1e-6) {
            double p = gad_tail_p(&t, 10000, top, s);
            struct gad_interval in = gad_tail_interval(&t, 10000, top, s);
            assert_true(p <= last * (1 + 1e-12) && p >= GAD_TAIL_P_MIN);
            assert_true(in.low >= 0.0 && in.low <= p && p <= in.high && in.high <= 1.0);
            last = p;
        }
        assert_true(last < 1e-9);
    }
}

/* Beyond the highest score by a factor of ten or more it is the fit, not the highest score, that
 * decides. */
static void far_out_the_fit_decides(void **state)
{
    (void)state;
    struct gad_ckpt_tail t = {
        .state = GAD_CKPT_TAIL_FITTED, .n_peaks = 199, .shape = 0.5, .scale = 2.0};
    double want = 200.0 / 10001.0 * pow(1 + 0.5 * 4000.0 / 2.0, -2.0);

    assert_true(fabs(gad_tail_p(&t, 10000, 40.0, 4000.0) / want - 1) < 1e-9);
    assert_true(fabs(gad_tail_p(&t, 10000, 20.0, 4000.0) / want - 1) < 1e-9);
}

static void without_memory_there_is_an_error(void **state)
{
    (void)state;
    struct gad_ckpt_tail t;

    (void)gad_mem_fail_at(1);
    assert_int_equal(gad_tail_fit(N, sample, &t), GAD_ENOMEM);
    (void)gad_mem_fail_at(0);
}

static void the_same_sample_gives_the_same_tail(void **state)
{
    (void)state;
    struct gad_rng rng = gad_rng_init(9, 1);
    struct gad_ckpt_tail a, b;

    draw(&rng, N, 0.2, 1.0, sample);
    assert_int_equal(gad_tail_fit(N, sample, &a), 0);
    assert_int_equal(gad_tail_fit(N, sample, &b), 0);
    assert_memory_equal(&a, &b, sizeof(a));
}

static void every_state_has_a_text(void **state)
{
    (void)state;
    for (unsigned i = 0; i <= GAD_CKPT_TAIL_N_STATES; i++)
        assert_true(strlen(gad_tail_state_text(i)) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_distributions_are_in_their_intervals),
        cmocka_unit_test(what_is_no_tail_has_none),
        cmocka_unit_test(extreme_samples_end_and_stay_finite),
        cmocka_unit_test(p_values_are_continuous_and_never_rise),
        cmocka_unit_test(far_out_the_fit_decides),
        cmocka_unit_test(without_memory_there_is_an_error),
        cmocka_unit_test(the_same_sample_gives_the_same_tail),
        cmocka_unit_test(every_state_has_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
