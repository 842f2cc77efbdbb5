/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/nn/kernel.h"

#include <math.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/rng.h"
#include "tests/unit/test.h"

enum { N_MAX = 20, IN_MAX = 256, OUT_MAX = 256 };

struct arrays {
    float x[N_MAX * IN_MAX], w[IN_MAX * OUT_MAX], bias[OUT_MAX], start[N_MAX * OUT_MAX],
        y[N_MAX * OUT_MAX], one[OUT_MAX], sparse[N_MAX * OUT_MAX];
    uint32_t index[N_MAX * IN_MAX], n_index[N_MAX];
};

/* Two thirds of x are zero, as connection records are. */
static struct arrays *fill(uint64_t seed)
{
    struct arrays *a = gad_calloc_aligned(1, sizeof(*a));
    struct gad_rng r = gad_rng_init(seed, 0);

    assert_non_null(a);
    gad_rng_normal(&r, N_MAX * IN_MAX, a->x);
    for (size_t i = 0; i < N_MAX * IN_MAX; i++)
        if (gad_rng_below(&r, 3) != 0)
            a->x[i] = 0.0f;
    gad_rng_normal(&r, IN_MAX * OUT_MAX, a->w);
    gad_rng_normal(&r, OUT_MAX, a->bias);
    gad_rng_normal(&r, N_MAX * OUT_MAX, a->start);
    return a;
}

static const struct {
    size_t in, out;
} shapes[] = {{121, 64},  {64, 32}, {32, 64}, {64, 128}, {128, 128},
              {256, 256}, {1, 16},  {7, 48},  {3, 208}};

enum { N_SHAPES = sizeof(shapes) / sizeof(shapes[0]) };

/* |float32 chain - float64| for a chain of k terms of this size. */
static void near(float got, double want, double size, size_t k)
{
    assert_true(fabs((double)got - want) <= 1.2e-7 * (double)(k + 1) * size);
}

static void check_dense(const struct gad_kernel *k, struct arrays *a, size_t s, size_t n,
                        float slope, bool matrix)
{
    size_t in = shapes[s].in, out = shapes[s].out;
    struct gad_kernel_weights w = {in, out, a->w, slope};
    struct gad_kernel_init init = {matrix ? a->start : a->bias, matrix ? out : 0};

    memset(a->y, 0xff, sizeof(a->y));
    k->dense(n, a->x, IN_MAX, &w, init, a->y, out);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < out; j++) {
            double v = (double)init.p[i * init.ld + j], size = fabs(v);
            for (size_t p = 0; p < in; p++) {
                double term = (double)a->x[i * IN_MAX + p] * (double)a->w[p * out + j];
                v += term;
                size += fabs(term);
            }
            near(a->y[i * out + j], v > 0.0 ? v : v * (double)slope, size, in);
        }
}

static void dense_agrees_with_double_for_every_shape(void **state)
{
    (void)state;
    const struct gad_kernel *k;
    struct arrays *a = fill(1);

    for (size_t i = 0; (k = gad_kernel_at(i)) != NULL; i++)
        for (size_t s = 0; s < N_SHAPES; s++)
            for (size_t n = 1; n <= 13; n += n < 7 ? 1 : 3) {
                check_dense(k, a, s, n, 1.0f, false);
                check_dense(k, a, s, n, 0.0f, false);
                check_dense(k, a, s, n, 0.1f, true);
            }
    gad_free(a);
}

/* Scores depend on this: a row has the same bits alone, in any batch and by the sparse path. */
static void a_row_has_the_same_bits_alone_and_in_any_batch(void **state)
{
    (void)state;
    const struct gad_kernel *k;
    struct arrays *a = fill(2);

    for (size_t i = 0; (k = gad_kernel_at(i)) != NULL; i++) {
        k->index(N_MAX, a->x, IN_MAX, a->index, a->n_index);
        for (size_t s = 0; s < N_SHAPES; s++)
            for (size_t n = 1; n <= N_MAX; n++) {
                size_t out = shapes[s].out;
                struct gad_kernel_weights w = {IN_MAX, out, a->w, 0.2f};
                struct gad_kernel_init init = {a->bias, 0};
                struct gad_kernel_rows rows = {a->x, IN_MAX, a->index, a->n_index};

                k->dense(n, a->x, IN_MAX, &w, init, a->y, out);
                k->sparse(n, &rows, &w, init, a->sparse, out);
                assert_memory_equal(a->y, a->sparse, n * out * sizeof(float));
                for (size_t row = 0; row < n; row++) {
                    k->dense(1, a->x + row * IN_MAX, IN_MAX, &w, init, a->one, out);
                    assert_memory_equal(a->one, a->y + row * out, out * sizeof(float));
                }
            }
    }
    gad_free(a);
}

static void index_lists_the_nonzeros_in_order(void **state)
{
    (void)state;
    const struct gad_kernel *k;
    struct arrays *a = fill(4);

    a->x[0] = -0.0f; /* a zero too */
    memset(a->x + IN_MAX, 0, IN_MAX * sizeof(float));
    for (size_t j = 0; j < IN_MAX; j++)
        a->x[2 * IN_MAX + j] = 1.0f;
    for (size_t i = 0; (k = gad_kernel_at(i)) != NULL; i++) {
        memset(a->index, 0xff, sizeof(a->index));
        k->index(N_MAX, a->x, IN_MAX, a->index, a->n_index);
        for (size_t row = 0; row < N_MAX; row++) {
            uint32_t n = 0;
            for (uint32_t j = 0; j < IN_MAX; j++)
                if (a->x[row * IN_MAX + j] != 0.0f)
                    assert_int_equal(a->index[row * IN_MAX + n++], j);
            assert_int_equal(a->n_index[row], n);
        }
    }
    gad_free(a);
}

static void distances_agree_with_double(void **state)
{
    (void)state;
    const struct gad_kernel *k;
    struct arrays *a = fill(3);
    float d1[N_MAX], d2[N_MAX], alone;

    for (size_t i = 0; (k = gad_kernel_at(i)) != NULL; i++) {
        k->distance1(N_MAX, a->x, a->start, IN_MAX, d1);
        k->distance2(N_MAX, a->x, a->start, IN_MAX, d2);
        for (size_t row = 0; row < N_MAX; row++) {
            double s1 = 0.0, s2 = 0.0;
            for (size_t j = row * IN_MAX; j < (row + 1) * IN_MAX; j++) {
                double v = (double)a->x[j] - (double)a->start[j];
                s1 += fabs(v);
                s2 += v * v;
            }
            near(d1[row], s1, s1, 16);
            near(d2[row], s2, s2, 16);
            k->distance1(1, a->x + row * IN_MAX, a->start + row * IN_MAX, IN_MAX, &alone);
            assert_true(alone == d1[row]);
        }
    }
    gad_free(a);
}

static void gradients_are_those_of_distance_and_leaky(void **state)
{
    (void)state;
    const struct gad_kernel *k;
    struct arrays *a = fill(5);
    enum { N = N_MAX * IN_MAX };

    memcpy(a->start, a->x, IN_MAX * sizeof(float)); /* a row without differences */
    for (size_t i = 0; (k = gad_kernel_at(i)) != NULL; i++) {
        k->sign(N, a->x, a->start, 0.3f, a->y);
        for (size_t j = 0; j < N; j++)
            assert_true(a->y[j] == (a->x[j] > a->start[j]   ? 0.3f
                                    : a->x[j] < a->start[j] ? -0.3f
                                                            : 0.0f));
        memcpy(a->y, a->start, sizeof(a->y));
        k->leaky_back(N, a->x, 0.1f, a->y); /* x is 0 in two thirds of its places */
        for (size_t j = 0; j < N; j++)
            assert_true(a->y[j] == (a->x[j] > 0.0f ? a->start[j] : a->start[j] * 0.1f));
    }
    gad_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dense_agrees_with_double_for_every_shape),
        cmocka_unit_test(a_row_has_the_same_bits_alone_and_in_any_batch),
        cmocka_unit_test(index_lists_the_nonzeros_in_order),
        cmocka_unit_test(distances_agree_with_double),
        cmocka_unit_test(gradients_are_those_of_distance_and_leaky),
    };
    return cmocka_run_group_tests_name("kernel", tests, NULL, NULL);
}
