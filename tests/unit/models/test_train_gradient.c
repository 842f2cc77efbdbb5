/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "models/anogan_step.h"
#include "models/egbad_step.h"
#include "models/ganomaly_step.h"
#include "tests/unit/nn/gradcheck.h"

/* Each whole loss of each model against central differences, by the parameters that it trains. */

enum { N = 4, DIM = 9, PER_TENSOR = 60 };

/* Without a condition, and with some elements in the middle of a row. */
static const struct gad_condition none = {0}, some = {5, 3};

struct egbad {
    struct gad_egbad net;
    enum { LOSS_D, LOSS_G, LOSS_E } which;
};

static double egbad_value(void *ctx)
{
    struct egbad *t = ctx;
    double g, e;

    if (t->which == LOSS_D)
        return gad_egbad_loss_d(&t->net, GAD_DROPOUT_KEEP, NULL);
    gad_egbad_loss_ge(&t->net, GAD_DROPOUT_KEEP, NULL, &g, &e);
    return t->which == LOSS_G ? g : e;
}

static void check_range(const char *what, struct gad_params *p, struct gad_range r,
                        double (*loss)(void *ctx), void *ctx)
{
    static gad_real grad[256 * 256]; /* the value function overwrites the plane */

    for (size_t i = 0; i < p->n_tensors; i++) {
        const struct gad_param *t = &p->tensor[i];
        size_t n = t->rows * t->cols;

        if (t->at < r.at || t->at >= r.at + r.n)
            continue;
        assert_true(n <= sizeof(grad) / sizeof(grad[0]));
        (void)loss(ctx);
        memcpy(grad, p->grad + t->at, n * sizeof(grad[0]));
        gradcheck(what, loss, ctx, p->value + t->at, grad, n, PER_TENSOR);
    }
}

/* Full rows, which use whole products, or rows of mostly zeros, which use an index. */
static void fill_rows(struct gad_rng *rng, struct gad_mat x, bool sparse)
{
    for (size_t i = 0; i < x.rows; i++) {
        gradcheck_fill(rng, 1, gad_mat_row(x, i), x.cols);
        for (size_t j = 0; sparse && j < x.cols; j++)
            if ((i + j) % 3 != 0)
                gad_mat_row(x, i)[j] = 0;
    }
}

static void check_egbad(struct gad_egbad_loss loss, struct gad_condition y, bool sparse)
{
    struct egbad t = {.which = LOSS_D};
    struct gad_egbad *g = &t.net;
    struct gad_rng rng = gad_rng_init(11, 0);
    struct gad_dropout_rng dropout = gad_dropout_rng_init(11, 1);
    double unused_g, unused_e;

    assert_int_equal(gad_egbad_init(g, N, DIM, &loss, y, GAD_WIDTHS_WIDE), 0);
    gradcheck_fill(&rng, 0.2, g->params.value, g->params.size);
    fill_rows(&rng, gad_egbad_x(g), sparse);
    fill_rows(&rng, gad_egbad_z(g), false);
    gad_egbad_loss_ge(g, GAD_DROPOUT_DRAW, &dropout, &unused_g, &unused_e);
    assert_int_equal(g->sparse.rows, sparse ? N : 0);

    check_range("EGBAD L_D by D", &g->params, gad_egbad_discriminator(g), egbad_value, &t);
    t.which = LOSS_G;
    check_range("EGBAD L_G by G", &g->params, g->generator.range, egbad_value, &t);
    t.which = LOSS_E;
    check_range("EGBAD L_E by E", &g->params, g->encoder.range, egbad_value, &t);
    gad_egbad_deinit(g);
}

static void egbad_as_published(void **state)
{
    (void)state;
    check_egbad((struct gad_egbad_loss){0}, none, true);
}

static void egbad_with_residual(void **state)
{
    (void)state;
    check_egbad((struct gad_egbad_loss){.residual = 10}, none, false);
}

static void egbad_with_feature_matching(void **state)
{
    (void)state;
    check_egbad((struct gad_egbad_loss){.feature_matching = true}, none, false);
}

static void egbad_with_both(void **state)
{
    (void)state;
    check_egbad((struct gad_egbad_loss){.residual = 10, .feature_matching = true}, none, true);
}

static void egbad_with_the_residual_on_the_encoder(void **state)
{
    (void)state;
    check_egbad((struct gad_egbad_loss){.residual = 10, .residual_e_only = true}, none, true);
}

static void egbad_with_a_condition(void **state)
{
    (void)state;
    check_egbad((struct gad_egbad_loss){0}, some, true);
    check_egbad((struct gad_egbad_loss){.residual = 10, .feature_matching = true}, some, false);
    check_egbad((struct gad_egbad_loss){.residual = 10, .residual_e_only = true}, some, true);
}

/* The pairs of D match its definition: each has the condition of the row of the batch. */
static void a_conditional_pair_carries_what_it_was_made_for(void **state)
{
    (void)state;
    struct gad_egbad g;
    struct gad_anogan a;
    struct gad_rng rng = gad_rng_init(14, 0);
    double loss_g, loss_e;

    assert_int_equal(gad_egbad_init(&g, N, DIM, &(struct gad_egbad_loss){.residual = 1}, some,
                                    GAD_WIDTHS_PUBLISHED),
                     0);
    assert_int_equal(gad_anogan_init(&a, N, DIM, some), 0);
    for (int step = 0; step < 2; step++) {
        fill_rows(&rng, gad_egbad_x(&g), true);
        gad_mat_copy(gad_anogan_x(&a), gad_egbad_x(&g));
        if (step == 0)
            (void)gad_egbad_loss_d(&g, GAD_DROPOUT_OFF, NULL);
        else
            gad_egbad_loss_ge(&g, GAD_DROPOUT_OFF, NULL, &loss_g, &loss_e);
        (void)gad_anogan_loss_d(&a, GAD_DROPOUT_OFF, NULL);
        for (size_t i = 0; i < N; i++) {
            const gad_real *y = gad_mat_row(gad_egbad_x(&g), i) + some.first;
            for (size_t k = 0; k < 3; k++)
                assert_memory_equal(gad_mat_row(g.zs, k * N + i) + GAD_EGBAD_LATENT, y,
                                    some.n * sizeof(*y));
            for (size_t k = 0; k < 2; k++)
                assert_memory_equal(gad_mat_row(a.xs, k * N + i) + DIM, y, some.n * sizeof(*y));
            assert_memory_equal(gad_mat_row(a.z, i) + GAD_ANOGAN_LATENT, y, some.n * sizeof(*y));
        }
    }
    gad_egbad_deinit(&g);
    gad_anogan_deinit(&a);
}

struct ganomaly {
    struct gad_ganomaly net;
    enum { GANOMALY_G, GANOMALY_D } which;
};

static double ganomaly_value(void *ctx)
{
    struct ganomaly *t = ctx;

    gad_ganomaly_forward(&t->net);
    return t->which == GANOMALY_D ? gad_ganomaly_loss_d(&t->net) : gad_ganomaly_loss_g(&t->net);
}

static void check_ganomaly(const char *what, struct gad_ganomaly_loss loss, bool sparse)
{
    struct ganomaly t = {.which = GANOMALY_G};
    struct gad_ganomaly *g = &t.net;
    struct gad_rng rng = gad_rng_init(12, 0);

    assert_int_equal(gad_ganomaly_init(g, N, DIM, &loss, GAD_WIDTHS_WIDE), 0);
    gradcheck_fill(&rng, 0.2, g->params.value, g->params.size);
    fill_rows(&rng, gad_ganomaly_x(g), sparse);
    check_range(what, &g->params, gad_ganomaly_generator(g), ganomaly_value, &t);
    t.which = GANOMALY_D;
    check_range("GANomaly L_D by D", &g->params, gad_ganomaly_discriminator(g), ganomaly_value, &t);
    gad_ganomaly_deinit(g);
}

static void ganomaly_as_published(void **state)
{
    (void)state;
    check_ganomaly("GANomaly L_G", (struct gad_ganomaly_loss){1, 50, 1, false}, true);
}

static void ganomaly_each_term_matters(void **state)
{
    (void)state;
    check_ganomaly("GANomaly L_G, other weights", (struct gad_ganomaly_loss){3, 0.5, 7, false},
                   false);
}

static void ganomaly_against_the_verdict(void **state)
{
    (void)state;
    check_ganomaly("GANomaly L_G, BCE", (struct gad_ganomaly_loss){3, 0.5, 7, true}, true);
}

struct anogan {
    struct gad_anogan net;
    enum { ANOGAN_D, ANOGAN_G } which;
};

static double anogan_value(void *ctx)
{
    struct anogan *t = ctx;

    return t->which == ANOGAN_D ? gad_anogan_loss_d(&t->net, GAD_DROPOUT_KEEP, NULL)
                                : gad_anogan_loss_g(&t->net, GAD_DROPOUT_KEEP, NULL);
}

static void check_anogan(struct gad_condition y, bool sparse)
{
    struct anogan t = {.which = ANOGAN_D};
    struct gad_anogan *g = &t.net;
    struct gad_rng rng = gad_rng_init(13, 0);
    struct gad_dropout_rng dropout = gad_dropout_rng_init(13, 1);

    assert_int_equal(gad_anogan_init(g, N, DIM, y), 0);
    gradcheck_fill(&rng, 0.2, g->params.value, g->params.size);
    fill_rows(&rng, gad_anogan_x(g), sparse);
    fill_rows(&rng, gad_anogan_z(g), false);
    (void)gad_anogan_loss_d(g, GAD_DROPOUT_DRAW, &dropout);
    assert_int_equal(g->sparse.rows, sparse ? N : 0);

    check_range("AnoGAN L_D by D", &g->params, gad_anogan_discriminator(g), anogan_value, &t);
    t.which = ANOGAN_G;
    check_range("AnoGAN L_G by G", &g->params, g->generator.range, anogan_value, &t);
    gad_anogan_deinit(g);
}

static void anogan_as_published(void **state)
{
    (void)state;
    check_anogan(none, true);
    check_anogan(none, false);
}

static void anogan_with_a_condition(void **state)
{
    (void)state;
    check_anogan(some, true);
    check_anogan(some, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(egbad_as_published),
        cmocka_unit_test(egbad_with_residual),
        cmocka_unit_test(egbad_with_feature_matching),
        cmocka_unit_test(egbad_with_both),
        cmocka_unit_test(egbad_with_the_residual_on_the_encoder),
        cmocka_unit_test(egbad_with_a_condition),
        cmocka_unit_test(a_conditional_pair_carries_what_it_was_made_for),
        cmocka_unit_test(ganomaly_against_the_verdict),
        cmocka_unit_test(ganomaly_as_published),
        cmocka_unit_test(ganomaly_each_term_matters),
        cmocka_unit_test(anogan_as_published),
        cmocka_unit_test(anogan_with_a_condition),
    };
    return cmocka_run_group_tests_name("train_gradient", tests, NULL, NULL);
}
