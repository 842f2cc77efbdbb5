/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "lib/base/rng.h"
#include "lib/nn/adam.h"
#include "lib/nn/loss.h"
#include "lib/nn/net.h"
#include "tests/unit/test.h"

static void close_to(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance * fmax(1, fabs(b))))
        fail_msg("%.9g is not %.9g within %g", a, b, tolerance);
}

/* Products on odd shapes and strided views against three loops in double. */
static void products_are_products(void **state)
{
    (void)state;
    enum { N = 13, IN = 37, OUT = 21 };
    struct gad_mat x, y, dx;
    gad_real w[IN * OUT], dw[IN * OUT];
    struct gad_rng rng = gad_rng_init(1, 0);

    assert_int_equal(gad_mat_new(N, IN, &x), 0);
    assert_int_equal(gad_mat_new(N, OUT, &y), 0);
    assert_int_equal(gad_mat_new(N, IN, &dx), 0);
    gad_rng_normal(&rng, N * x.ld, x.v);
    gad_rng_normal(&rng, IN * OUT, w);

    gad_mat_mul_nn(x, w, y);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < OUT; j++) {
            double sum = 0;
            for (size_t k = 0; k < IN; k++)
                sum += (double)(gad_mat_row(x, i)[k] * w[k * OUT + j]);
            close_to((double)gad_mat_row(y, i)[j], sum, 1e-5);
        }
    gad_mat_mul_nt(y, w, 0, dx);
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < IN; k++) {
            double sum = 0;
            for (size_t j = 0; j < OUT; j++)
                sum += (double)(gad_mat_row(y, i)[j] * w[k * OUT + j]);
            close_to((double)gad_mat_row(dx, i)[k], sum, 1e-5);
        }
    gad_mat_mul_tn(x, y, dw);
    for (size_t k = 0; k < IN; k++)
        for (size_t j = 0; j < OUT; j++) {
            double sum = 0;
            for (size_t i = 0; i < N; i++)
                sum += (double)(gad_mat_row(x, i)[k] * gad_mat_row(y, i)[j]);
            close_to((double)dw[k * OUT + j], sum, 1e-5);
        }
    gad_mat_free(&x);
    gad_mat_free(&y);
    gad_mat_free(&dx);
}

/* The same with an index of the first rows, in widths around the vectors' blocks. */
static void sparse_products_are_products(void **state)
{
    (void)state;
    enum { N = 9, IN = 40, OUT_MAX = 150, FIRST = 6 };
    static const size_t outs[] = {1, 63, 64, 65, 128, 150};
    static gad_real w[IN * OUT_MAX], dw[IN * OUT_MAX], dw2[IN * OUT_MAX];
    struct gad_rng rng = gad_rng_init(8, 0);
    struct gad_sparse s;
    struct gad_mat x, y, y2;

    assert_int_equal(gad_mat_new(N, IN, &x), 0);
    assert_int_equal(gad_sparse_new(&s, FIRST, IN), 0);
    gad_rng_normal(&rng, N * x.ld, x.v);
    gad_rng_normal(&rng, IN * OUT_MAX, w);
    for (size_t i = 0; i < FIRST; i++)
        for (size_t k = 0; k < IN; k++)
            if ((k + i) % 5 != 0 || i == 2) /* row 2: all zeros */
                gad_mat_row(x, i)[k] = 0;
    gad_sparse_scan(&s, x);
    assert_int_equal(s.rows, FIRST);
    assert_int_equal(s.n[0], IN / 5);
    assert_int_equal(s.n[2], 0);
    struct gad_mat indexed = x;
    indexed.sparse = &s;

    for (size_t k = 0; k < sizeof(outs) / sizeof(outs[0]); k++) {
        size_t out = outs[k];

        assert_int_equal(gad_mat_new(N, out, &y), 0);
        assert_int_equal(gad_mat_new(N, out, &y2), 0);
        for (size_t rows = FIRST; rows <= N; rows += N - FIRST) { /* with and without a full rest */
            gad_mat_mul_nn(gad_mat_rows(x, 0, rows), w, gad_mat_rows(y, 0, rows));
            gad_mat_mul_nn(gad_mat_rows(indexed, 0, rows), w, gad_mat_rows(y2, 0, rows));
            for (size_t i = 0; i < rows; i++)
                for (size_t j = 0; j < out; j++)
                    close_to((double)gad_mat_row(y2, i)[j], (double)gad_mat_row(y, i)[j], 1e-5);
            gad_mat_mul_tn(gad_mat_rows(x, 0, rows), gad_mat_rows(y, 0, rows), dw);
            gad_mat_mul_tn(gad_mat_rows(indexed, 0, rows), gad_mat_rows(y, 0, rows), dw2);
            for (size_t j = 0; j < IN * out; j++)
                close_to((double)dw2[j], (double)dw[j], 1e-5);
        }
        gad_mat_free(&y);
        gad_mat_free(&y2);
    }
    /* rows further down have no index, full rows none that is used */
    assert_null(gad_mat_rows(indexed, 1, 2).sparse);
    for (size_t i = 0; i < FIRST * x.ld; i++)
        x.v[i] = 1;
    gad_sparse_scan(&s, x);
    assert_int_equal(s.rows, 0);
    gad_mat_free(&x);
    gad_sparse_free(&s);
}

static void activations_have_their_values(void **state)
{
    (void)state;
    const gad_real in[] = {-100, -2, -0.5f, 0, 0.25f, 3, 100}, bias[7] = {0};
    enum { N = 7 };

    for (int act = 0; act < GAD_N_ACTS; act++) {
        gad_real y[N];
        memcpy(y, in, sizeof(y));
        gad_act_forward((enum gad_act)act, 0.1f, bias, gad_mat(y, 1, N));
        for (size_t j = 0; j < N; j++) {
            double v = (double)in[j];
            double expected[GAD_N_ACTS] = {v, v > 0 ? v : 0, v > 0 ? v : 0.1 * v, 1 / (1 + exp(-v)),
                                           tanh(v)};
            close_to((double)y[j], expected[act], 1e-6);
        }
    }
}

static void bias_is_added_and_summed(void **state)
{
    (void)state;
    enum { N = 50, OUT = 130 }; /* more than one block of columns */
    struct gad_mat y;
    gad_real bias[OUT], db[OUT];

    assert_int_equal(gad_mat_new(N, OUT, &y), 0);
    for (size_t j = 0; j < OUT; j++)
        bias[j] = (gad_real)j;
    gad_act_forward(GAD_LINEAR, 0, bias, y);
    gad_act_bias_grad(y, db);
    for (size_t j = 0; j < OUT; j++)
        close_to((double)db[j], (double)(j * N), 0);
    gad_mat_free(&y);
}

static void dropout_keeps_the_mean_and_repeats(void **state)
{
    (void)state;
    enum { N = 500, OUT = 121 };
    static const double rates[] = {0.2, 0.5};
    static uint16_t mask[N * OUT + GAD_DROPOUT_STEP], again[N * OUT + GAD_DROPOUT_STEP];

    for (size_t r = 0; r < 2; r++) {
        struct gad_dropout_rng a = gad_dropout_rng_init(4, 0), b = a;
        struct gad_mat y;
        double sum = 0, kept = 0, n = N * OUT;

        assert_int_equal(gad_mat_new(N, OUT, &y), 0);
        for (size_t i = 0; i < N * y.ld; i++)
            y.v[i] = 1;
        gad_dropout_draw(&a, N * OUT, mask);
        gad_dropout_draw(&b, N * OUT, again);
        assert_memory_equal(mask, again, N * OUT * sizeof(mask[0]));
        gad_dropout_apply(rates[r], mask, y);
        for (size_t i = 0; i < N; i++)
            for (size_t j = 0; j < OUT; j++) {
                double v = (double)gad_mat_row(y, i)[j];
                assert_true(v == 0 || fabs(v - 1 / (1 - rates[r])) < 1e-4);
                sum += v;
                kept += v != 0;
            }
        assert_true(fabs(kept - n * (1 - rates[r])) < 5 * sqrt(n * rates[r] * (1 - rates[r])));
        assert_true(fabs(sum / n - 1) < 0.02);
        gad_mat_free(&y);
    }
}

/* The eight lanes are eight generators of lib/base/rng.c: same recurrence, checked against it. */
static void dropout_lanes_are_xoshiro(void **state)
{
    (void)state;
    struct gad_dropout_rng r = gad_dropout_rng_init(9, 3);
    struct gad_rng lane[8];
    uint16_t mask[4 * GAD_DROPOUT_STEP];

    for (int l = 0; l < 8; l++)
        for (int i = 0; i < 4; i++)
            lane[l].s[i] = r.s[i][l];
    gad_dropout_draw(&r, sizeof(mask) / sizeof(mask[0]), mask);
    for (int block = 0; block < 4; block++)
        for (int l = 0; l < 8; l++) {
            uint64_t word, expected = gad_rng_u64(&lane[l]);
            memcpy(&word, &mask[block * GAD_DROPOUT_STEP + l * 4], sizeof(word));
            assert_true(word == expected);
        }
}

static void losses_have_their_values(void **state)
{
    (void)state;
    gad_real a[] = {1, 2, 3, 4}, b[] = {0, 4, 3, 8}, big[] = {1e4f, -1e4f};
    struct gad_mat ma = gad_mat(a, 2, 2), mb = gad_mat(b, 2, 2), none = gad_mat_none();
    gad_real d[2] = {0};

    close_to(gad_loss_l1(ma, mb, 1, none, none), 7.0 / 4, 0);
    close_to(gad_loss_l2(ma, mb, 1, none, none), 21.0 / 4, 0);
    /* column means 2, 3 against 1.5, 6 */
    close_to(gad_loss_feature_matching(ma, mb, 1, none, none), (0.25 + 9) / 2, 1e-12);
    close_to(gad_loss_bce(gad_mat(d, 2, 1), 0, 1, none), log(2), 1e-15);
    /* a wrong large logit has its size as loss and gradient -1; a right one has 0 */
    close_to(gad_loss_bce(gad_mat(big, 2, 1), 1, 2, gad_mat(d, 2, 1)), 5000, 1e-12);
    close_to((double)d[0], 0, 0);
    close_to((double)d[1], -1, 0);
}

/* Three steps by hand, in double, of both forms; v small enough that the place of eps shows. */
static void adam_forms_differ_in_eps(void **state)
{
    (void)state;
    const gad_real grad[3] = {1e-7f, -3e-7f, 2e-7f};
    double end[2];

    for (int form = 0; form < 2; form++) {
        struct gad_adam adam = gad_adam_init((enum gad_adam_form)form, 0.01, 0.5, 0.999);
        gad_real p = 1, m = 0, v = 0;
        double pd = 1, md = 0, vd = 0;

        for (int t = 1; t <= 3; t++) {
            double g = (double)grad[t - 1], c1 = 1 - pow(0.5, t), c2 = 1 - pow(0.999, t);

            gad_adam_step(&adam, 1, &p, &grad[t - 1], &m, &v);
            md = 0.5 * md + 0.5 * g;
            vd = 0.999 * vd + 0.001 * g * g;
            if (form == GAD_ADAM_USUAL)
                pd -= 0.01 * (md / c1) / (sqrt(vd / c2) + 1e-8);
            else
                pd -= 0.01 * sqrt(c2) / c1 * md / (sqrt(vd) + 1e-8);
            close_to((double)p, pd, 1e-6);
        }
        end[form] = pd;
    }
    assert_true(fabs(end[0] - end[1]) > 1e-3);
}

static void average_follows(void **state)
{
    (void)state;
    gad_real avg[2] = {1, 1}, p[2] = {2, -1};

    for (int i = 0; i < 10; i++)
        gad_ema_step(0.9, 2, avg, p);
    close_to((double)avg[0], 2 - pow(0.9, 10), 1e-6);
    close_to((double)avg[1], -1 + 2 * pow(0.9, 10), 1e-6);
}

/* With a constant decay of .999 the average after 80 steps is .92 of the initial weights. */
static void a_ramped_average_leaves_its_start(void **state)
{
    (void)state;
    gad_real avg = 1, p = 2;
    double last = 0;

    for (uint64_t i = 1; i <= 80; i++) {
        double decay = gad_ema_ramp(0.999, i);
        assert_true(decay > last && decay < 0.999);
        last = decay;
        gad_ema_step(decay, 1, &avg, &p);
    }
    assert_true((double)avg > 2 - 1e-6);
    assert_true(gad_ema_ramp(0.999, 1000000) == 0.999);
}

static void initial_weights_are_spread_as_said(void **state)
{
    (void)state;
    struct gad_params p = {0};
    struct gad_rng rng = gad_rng_init(6, 0);
    size_t a = gad_params_add(&p, GAD_PARAM_WEIGHT, 121, 64),
           b = gad_params_add(&p, GAD_PARAM_BIAS, 1, 64), n = 121 * 64;
    double limit = sqrt(6.0 / (121 + 64)), sum = 0, squares = 0, most = 0;

    assert_int_equal(gad_params_alloc(&p), 0);
    p.value[b] = 7;
    gad_init_xavier(&p, (struct gad_range){0, p.size}, &rng);
    for (size_t i = 0; i < n; i++) {
        double v = (double)p.value[a + i];
        assert_true(fabs(v) <= limit);
        most = fmax(most, fabs(v));
        sum += v;
        squares += v * v;
    }
    assert_true(most > 0.99 * limit && fabs(sum / (double)n) < 0.02 * limit);
    close_to(squares / (double)n, limit * limit / 3, 0.01);
    for (size_t j = 0; j < 64; j++)
        assert_true(p.value[b + j] == 0);
    gad_params_deinit(&p);
}

/* A range is all that an initialiser touches: a discriminator is initialised again beside a
 * trained generator. */
static void initialiser_stays_in_its_range(void **state)
{
    (void)state;
    struct gad_params p = {0};
    struct gad_net a, b;
    struct gad_layer_spec spec = {.in = 3, .out = 5};
    struct gad_rng rng = gad_rng_init(6, 0);

    gad_net_init(&a, 1, &spec, &p);
    gad_net_init(&b, 1, &spec, &p);
    assert_int_equal(gad_params_alloc(&p), 0);
    gad_init_xavier(&p, b.range, &rng);
    for (size_t i = 0; i < a.range.n; i++)
        assert_true(p.value[a.range.at + i] == 0);
    assert_true(p.value[b.range.at] != 0);
    assert_int_equal(a.range.n + b.range.n, p.size);
    gad_params_deinit(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_products),
        cmocka_unit_test(sparse_products_are_products),
        cmocka_unit_test(activations_have_their_values),
        cmocka_unit_test(bias_is_added_and_summed),
        cmocka_unit_test(dropout_keeps_the_mean_and_repeats),
        cmocka_unit_test(dropout_lanes_are_xoshiro),
        cmocka_unit_test(losses_have_their_values),
        cmocka_unit_test(adam_forms_differ_in_eps),
        cmocka_unit_test(average_follows),
        cmocka_unit_test(a_ramped_average_leaves_its_start),
        cmocka_unit_test(initial_weights_are_spread_as_said),
        cmocka_unit_test(initialiser_stays_in_its_range),
    };
    return cmocka_run_group_tests_name("nn", tests, NULL, NULL);
}
