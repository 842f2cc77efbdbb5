/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lib/nn/loss.h"
#include "lib/nn/net.h"
#include "tests/unit/nn/gradcheck.h"

enum { N = 5 }; /* rows */

/* A network under a loss that is linear in its outputs: sum of c * y. */
struct chain {
    struct gad_params params;
    struct gad_net net;
    struct gad_tape tape;
    struct gad_mat x, c, dy, dx;
    struct gad_dropout_rng rng;
};

static double chain_loss(void *ctx)
{
    struct chain *t = ctx;
    double sum = 0;

    gad_net_forward(&t->net, t->params.value, t->x, GAD_DROPOUT_KEEP, NULL, &t->tape);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < t->c.cols; j++)
            sum += (double)(gad_mat_row(t->c, i)[j] *
                            gad_mat_row(gad_tape_out(&t->tape, &t->net), i)[j]);
    return sum;
}

static void check_chain(const char *what, size_t n_layers, const struct gad_layer_spec *spec)
{
    struct chain t = {.rng = gad_dropout_rng_init(3, 0)};
    struct gad_rng rng = gad_rng_init(1, 0);
    struct gad_range r;
    char name[64];

    gad_net_init(&t.net, n_layers, spec, &t.params);
    assert_int_equal(gad_params_alloc(&t.params), 0);
    assert_int_equal(gad_tape_new(&t.tape, &t.net, N, gad_mat_none()), 0);
    assert_int_equal(gad_mat_new(N, gad_net_in(&t.net), &t.x), 0);
    assert_int_equal(gad_mat_new(N, gad_net_in(&t.net), &t.dx), 0);
    assert_int_equal(gad_mat_new(N, gad_net_out(&t.net), &t.c), 0);
    assert_int_equal(gad_mat_new(N, gad_net_out(&t.net), &t.dy), 0);
    r = t.net.range;
    gradcheck_fill(&rng, 0.5, t.params.value, t.params.size);
    gradcheck_fill(&rng, 1, t.x.v, N * t.x.ld);
    gradcheck_fill(&rng, 1, t.c.v, N * t.c.ld);

    gad_net_forward(&t.net, t.params.value, t.x, GAD_DROPOUT_DRAW, &t.rng, &t.tape);
    gad_mat_copy(t.dy, t.c);
    gradcheck_fill(&rng, 1, t.dx.v, N * t.dx.ld); /* beta 0 must overwrite this */
    gad_net_backward(&t.net, t.params.value, t.x, &t.tape, t.dy, t.params.grad,
                     gad_input_grad(t.dx));

    (void)snprintf(name, sizeof(name), "%s, parameters", what);
    for (size_t i = 0; i < t.params.n_tensors; i++) {
        const struct gad_param *p = &t.params.tensor[i];
        assert_true(p->at >= r.at && p->at < r.at + r.n);
        gradcheck(name, chain_loss, &t, t.params.value + p->at, t.params.grad + p->at,
                  p->rows * p->cols, SIZE_MAX);
    }
    (void)snprintf(name, sizeof(name), "%s, input", what);
    for (size_t i = 0; i < N; i++)
        gradcheck(name, chain_loss, &t, gad_mat_row(t.x, i), gad_mat_row(t.dx, i), t.x.cols,
                  SIZE_MAX);

    /* Without parameter gradients the rest is the same, and beta 1 adds to what is there. */
    gad_real before = t.dx.v[0];
    (void)chain_loss(&t); /* the last one was of a changed element */
    memset(t.params.grad, 0, t.params.size * sizeof(gad_real));
    gad_mat_copy(t.dy, t.c);
    gad_net_backward(&t.net, t.params.value, t.x, &t.tape, t.dy, NULL, gad_input_grad_add(t.dx));
    assert_true(fabs((double)(t.dx.v[0] - 2 * before)) <= 1e-12 * fabs((double)before));
    for (size_t i = 0; i < t.params.size; i++)
        assert_true(t.params.grad[i] == 0);

    /* The last two columns alone, and only for the last row. */
    size_t first = t.dx.cols - 2;
    gad_real part[2] = {0}, *whole = gad_mat_row(t.dx, N - 1) + first;
    struct gad_tape last = gad_tape_rows(&t.tape, &t.net, N - 1, 1);
    gad_mat_copy(t.dy, t.c);
    gad_net_backward(&t.net, t.params.value, gad_mat_rows(t.x, N - 1, 1), &last,
                     gad_mat_rows(t.dy, N - 1, 1), NULL,
                     gad_input_grad_cols(gad_mat(part, 1, 2), first));
    for (size_t k = 0; k < 2; k++)
        assert_true(fabs((double)(2 * part[k] - whole[k])) <= 1e-12);

    gad_mat_free(&t.x);
    gad_mat_free(&t.dx);
    gad_mat_free(&t.c);
    gad_mat_free(&t.dy);
    gad_tape_free(&t.tape);
    gad_params_deinit(&t.params);
}

static void each_activation(void **state)
{
    (void)state;
    static const char *const name[GAD_N_ACTS] = {"linear", "ReLU", "leaky ReLU", "sigmoid", "tanh"};

    for (int act = 0; act < GAD_N_ACTS; act++) {
        struct gad_layer_spec spec = {.in = 7, .out = 4, .act = (enum gad_act)act, .slope = 0.1f};
        check_chain(name[act], 1, &spec);
    }
}

static void each_activation_with_dropout(void **state)
{
    (void)state;
    static const char *const name[GAD_N_ACTS] = {"linear, dropout", "ReLU, dropout",
                                                 "leaky ReLU, dropout", "sigmoid, dropout",
                                                 "tanh, dropout"};

    for (int act = 0; act < GAD_N_ACTS; act++) {
        struct gad_layer_spec spec[] = {
            {.in = 7, .out = 33, .act = (enum gad_act)act, .slope = 0.1f, .dropout = 0.2},
            {.in = 33, .out = 3}};
        check_chain(name[act], 2, spec);
    }
}

static void chain_of_layers(void **state)
{
    (void)state;
    const struct gad_layer_spec spec[] = {
        {.in = 6, .out = 9, .act = GAD_LEAKY_RELU, .slope = 0.2f},
        {.in = 9, .out = 17, .act = GAD_TANH, .dropout = 0.5},
        {.in = 17, .out = 4, .act = GAD_SIGMOID},
        {.in = 4, .out = 2},
    };

    check_chain("four layers", 4, spec);
}

/* Two branches side by side in one matrix, read by a third network: concat forward, split
 * backward. */
struct joined {
    struct gad_params params;
    struct gad_net a, b, top;
    struct gad_tape ta, tb, ttop;
    struct gad_mat x, z, pair, d_pair, dy;
};

static double joined_loss(void *ctx)
{
    struct joined *j = ctx;
    const gad_real *theta = j->params.value;
    double sum = 0;

    gad_net_forward(&j->a, theta, j->x, GAD_DROPOUT_OFF, NULL, &j->ta);
    gad_net_forward(&j->b, theta, j->z, GAD_DROPOUT_OFF, NULL, &j->tb);
    gad_net_forward(&j->top, theta, j->pair, GAD_DROPOUT_OFF, NULL, &j->ttop);
    for (size_t i = 0; i < N; i++)
        sum += (double)*gad_mat_row(gad_tape_out(&j->ttop, &j->top), i);
    return sum;
}

static void concatenated_branches(void **state)
{
    (void)state;
    const struct gad_layer_spec a = {.in = 5, .out = 3, .act = GAD_TANH};
    const struct gad_layer_spec b = {.in = 2, .out = 4, .act = GAD_LEAKY_RELU, .slope = 0.1f};
    const struct gad_layer_spec top = {.in = 7, .out = 1, .act = GAD_SIGMOID};
    struct joined j = {0};
    struct gad_rng rng = gad_rng_init(2, 0);
    struct gad_mat none = gad_mat_none();

    gad_net_init(&j.a, 1, &a, &j.params);
    gad_net_init(&j.b, 1, &b, &j.params);
    gad_net_init(&j.top, 1, &top, &j.params);
    assert_int_equal(gad_params_alloc(&j.params), 0);
    assert_int_equal(gad_mat_new(N, 5, &j.x), 0);
    assert_int_equal(gad_mat_new(N, 2, &j.z), 0);
    assert_int_equal(gad_mat_new(N, 7, &j.pair), 0);
    assert_int_equal(gad_mat_new(N, 7, &j.d_pair), 0);
    assert_int_equal(gad_mat_new(N, 1, &j.dy), 0);
    assert_int_equal(gad_tape_new(&j.ta, &j.a, N, gad_mat_cols(j.pair, 0, 3)), 0);
    assert_int_equal(gad_tape_new(&j.tb, &j.b, N, gad_mat_cols(j.pair, 3, 4)), 0);
    assert_int_equal(gad_tape_new(&j.ttop, &j.top, N, none), 0);
    gradcheck_fill(&rng, 0.5, j.params.value, j.params.size);
    gradcheck_fill(&rng, 1, j.x.v, N * j.x.ld);
    gradcheck_fill(&rng, 1, j.z.v, N * j.z.ld);

    const gad_real *theta = j.params.value;
    (void)joined_loss(&j);
    for (size_t i = 0; i < N; i++)
        *gad_mat_row(j.dy, i) = 1;
    gad_net_backward(&j.top, theta, j.pair, &j.ttop, j.dy, j.params.grad, gad_input_grad(j.d_pair));
    gad_net_backward(&j.a, theta, j.x, &j.ta, gad_mat_cols(j.d_pair, 0, 3), j.params.grad,
                     gad_input_grad_none());
    gad_net_backward(&j.b, theta, j.z, &j.tb, gad_mat_cols(j.d_pair, 3, 4), j.params.grad,
                     gad_input_grad_none());
    for (size_t i = 0; i < j.params.n_tensors; i++) {
        const struct gad_param *p = &j.params.tensor[i];
        gradcheck("joined branches", joined_loss, &j, j.params.value + p->at, j.params.grad + p->at,
                  p->rows * p->cols, SIZE_MAX);
    }
    struct gad_mat *mats[] = {&j.x, &j.z, &j.pair, &j.d_pair, &j.dy};
    for (size_t i = 0; i < 5; i++)
        gad_mat_free(mats[i]);
    gad_tape_free(&j.ta);
    gad_tape_free(&j.tb);
    gad_tape_free(&j.ttop);
    gad_params_deinit(&j.params);
}

/* Losses of two matrices a (N, 6) and b (N or 3, 6). */
struct pair_loss {
    double (*fn)(struct gad_mat a, struct gad_mat b, double weight, struct gad_mat da,
                 struct gad_mat db);
    struct gad_mat a, b, da, db;
};

static double pair_value(void *ctx)
{
    struct pair_loss *p = ctx;

    return 2.5 * p->fn(p->a, p->b, 2.5, gad_mat_none(), gad_mat_none());
}

static void check_pair(const char *what, struct pair_loss p, size_t rows_b)
{
    struct gad_rng rng = gad_rng_init(5, 0);

    assert_int_equal(gad_mat_new(N, 6, &p.a), 0);
    assert_int_equal(gad_mat_new(rows_b, 6, &p.b), 0);
    assert_int_equal(gad_mat_new(N, 6, &p.da), 0);
    assert_int_equal(gad_mat_new(rows_b, 6, &p.db), 0);
    gradcheck_fill(&rng, 1, p.a.v, N * p.a.ld);
    gradcheck_fill(&rng, 1, p.b.v, rows_b * p.b.ld);
    (void)p.fn(p.a, p.b, 2.5, p.da, p.db);
    for (size_t i = 0; i < N; i++)
        gradcheck(what, pair_value, &p, gad_mat_row(p.a, i), gad_mat_row(p.da, i), 6, SIZE_MAX);
    for (size_t i = 0; i < rows_b; i++)
        gradcheck(what, pair_value, &p, gad_mat_row(p.b, i), gad_mat_row(p.db, i), 6, SIZE_MAX);

    /* a second call adds */
    gad_real once = p.da.v[0];
    (void)p.fn(p.a, p.b, 2.5, p.da, p.db);
    assert_true(fabs((double)(p.da.v[0] - 2 * once)) < 1e-15);

    struct gad_mat *mats[] = {&p.a, &p.b, &p.da, &p.db};
    for (size_t i = 0; i < 4; i++)
        gad_mat_free(mats[i]);
}

static void each_loss_of_pairs(void **state)
{
    (void)state;
    check_pair("L1", (struct pair_loss){.fn = gad_loss_l1}, N);
    check_pair("L2", (struct pair_loss){.fn = gad_loss_l2}, N);
    check_pair("feature matching", (struct pair_loss){.fn = gad_loss_feature_matching}, 3);
}

struct bce {
    struct gad_mat logit;
    int target;
};

static double bce_value(void *ctx)
{
    struct bce *b = ctx;

    return 1.5 * gad_loss_bce(b->logit, b->target, 1.5, gad_mat_none());
}

static void cross_entropy(void **state)
{
    (void)state;
    gad_real logit[N] = {-7, -0.5, 0, 1.25, 9}, d[N];

    for (int target = 0; target < 2; target++) {
        struct bce b = {gad_mat(logit, N, 1), target};
        memset(d, 0, sizeof(d));
        (void)gad_loss_bce(b.logit, target, 1.5, gad_mat(d, N, 1));
        gradcheck(target ? "BCE, 1" : "BCE, 0", bce_value, &b, logit, d, N, SIZE_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_activation),    cmocka_unit_test(each_activation_with_dropout),
        cmocka_unit_test(chain_of_layers),    cmocka_unit_test(concatenated_branches),
        cmocka_unit_test(each_loss_of_pairs), cmocka_unit_test(cross_entropy),
    };
    return cmocka_run_group_tests_name("gradient", tests, NULL, NULL);
}
