/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/rng.h"

#include <math.h>
#include <stdlib.h>

#include "lib/base/mem.h"
#include "tests/unit/test.h"

/* The split of the published experiments: pandas' df.sample(frac=0.5, random_state=42) on
 * 494,021 rows. */
static void permutation_is_numpys(void **state)
{
    (void)state;
    enum { N = 494021, HALF = 247010 };
    static const uint32_t first[] = {317921, 171422, 312181, 87346,  57449,
                                     296193, 71649,  493765, 340586, 410705};
    uint32_t *a = gad_calloc(N, sizeof(*a));
    struct gad_mt19937 m;
    uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a over little-endian words */

    assert_non_null(a);
    gad_mt19937_seed(&m, 42);
    gad_mt19937_permutation(&m, N, a);
    for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
        assert_int_equal(a[i], first[i]);
    for (size_t i = 0; i < HALF; i++)
        for (int k = 0; k < 32; k += 8) {
            h ^= a[i] >> k & 255;
            h *= UINT64_C(1099511628211);
        }
    assert_true(h == UINT64_C(0x003b0c3f29aa6739));
    gad_free(a);
}

/* Moments and tail of N(0, 1) at a million draws, within five standard errors. */
static void normal_is_normal(void **state)
{
    (void)state;
    enum { N = 1000000 };
    float *x = gad_calloc(N, sizeof(*x));
    struct gad_rng r = gad_rng_init(7, 0);
    double m1 = 0, m2 = 0, m3 = 0, m4 = 0, beyond3 = 0, beyond4 = 0;

    assert_non_null(x);
    gad_rng_normal(&r, N, x);
    for (size_t i = 0; i < N; i++) {
        double v = (double)x[i];
        m1 += v;
        m2 += v * v;
        m3 += v * v * v;
        m4 += v * v * v * v;
        beyond3 += fabs(v) > 3.0;
        beyond4 += fabs(v) > 4.0;
    }
    assert_true(fabs(m1 / N) < 5 * sqrt(1.0 / N));
    assert_true(fabs(m2 / N - 1) < 5 * sqrt(2.0 / N));
    assert_true(fabs(m3 / N) < 5 * sqrt(15.0 / N));
    assert_true(fabs(m4 / N - 3) < 5 * sqrt(96.0 / N));
    assert_true(fabs(beyond3 - N * 0.0026997961) < 5 * sqrt(N * 0.0027));
    assert_true(fabs(beyond4 - N * 0.0000633425) < 5 * sqrt(N * 0.0000633));
    gad_free(x);
}

static void below_is_even_and_in_range(void **state)
{
    (void)state;
    enum { N = 300000 };
    struct gad_rng r = gad_rng_init(1, 2);
    unsigned n[3] = {0};

    for (int i = 0; i < N; i++)
        n[gad_rng_below(&r, 3)]++;
    for (int k = 0; k < 3; k++)
        assert_true(abs((int)n[k] - N / 3) < 1300); /* 5 sigma */
    for (int i = 0; i < 1000; i++)
        assert_int_equal(gad_rng_below(&r, 1), 0);
}

static void streams_repeat_and_differ(void **state)
{
    (void)state;
    struct gad_rng a = gad_rng_init(42, 1), b = gad_rng_init(42, 1), c = gad_rng_init(42, 2),
                   d = gad_rng_init(1, 42);
    int same_c = 0, same_d = 0;

    for (int i = 0; i < 1000; i++) {
        uint64_t v = gad_rng_u64(&a);
        assert_true(v == gad_rng_u64(&b));
        same_c += v == gad_rng_u64(&c);
        same_d += v == gad_rng_u64(&d);
    }
    assert_int_equal(same_c + same_d, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(permutation_is_numpys),
        cmocka_unit_test(normal_is_normal),
        cmocka_unit_test(below_is_even_and_in_range),
        cmocka_unit_test(streams_repeat_and_differ),
    };
    return cmocka_run_group_tests_name("rng", tests, NULL, NULL);
}
