/* SPDX-License-Identifier: Apache-2.0 */
#include "models/anogan_step.h"

enum { G1 = 64, G2 = 128, D1 = 256, D2 = 128, F = 128, Z = GAD_ANOGAN_LATENT };
static const float slope = 0.1f;
static const double rate = 0.2;

static void build(struct gad_anogan *g)
{
    const struct gad_layer_spec generator[] = {
        {.in = Z + g->y.n, .out = G1, .act = GAD_RELU},
        {.in = G1, .out = G2, .act = GAD_RELU},
        {.in = G2, .out = g->dim},
    };
    const struct gad_layer_spec disc_f[] = {
        {.in = g->dim + g->y.n, .out = D1, .act = GAD_LEAKY_RELU, .slope = slope, .dropout = rate},
        {.in = D1, .out = D2, .act = GAD_LEAKY_RELU, .slope = slope, .dropout = rate},
        {.in = D2, .out = F, .act = GAD_LEAKY_RELU, .slope = slope, .dropout = rate},
    };
    const struct gad_layer_spec disc_logit = {.in = F, .out = 1};

    gad_net_init(&g->generator, 3, generator, &g->params);
    gad_net_init(&g->disc_f, 3, disc_f, &g->params);
    gad_net_init(&g->disc_logit, 1, &disc_logit, &g->params);
}

/* Rows first .. first + n of xs, without the condition. */
static struct gad_mat rows_of(const struct gad_anogan *g, size_t first)
{
    return gad_mat_cols(gad_mat_rows(g->xs, first, g->n), 0, g->dim);
}

/* Copies the condition of the batch beside real and fake rows and beside the draws. */
static void set_condition(struct gad_anogan *g)
{
    if (g->y.n == 0)
        return;
    struct gad_mat y = gad_mat_cols(gad_mat_rows(g->xs, 0, g->n), g->y.first, g->y.n),
                   beside = gad_mat_cols(g->xs, g->dim, g->y.n);

    gad_mat_copy(gad_mat_rows(beside, 0, g->n), y);
    gad_mat_copy(gad_mat_rows(beside, g->n, g->n), y);
    gad_mat_copy(gad_mat_cols(g->z, Z, g->y.n), y);
}

static int alloc(struct gad_anogan *g)
{
    size_t n = g->n;
    int r = gad_params_alloc(&g->params);

    if (!r)
        r = gad_mat_new(2 * n, g->dim + g->y.n, &g->xs);
    if (!r)
        r = gad_mat_new(n, Z + g->y.n, &g->z);
    if (!r)
        r = gad_mat_new(2 * n, 1, &g->d_logit);
    if (!r)
        r = gad_mat_new(2 * n, F, &g->d_f);
    if (!r)
        r = gad_mat_new(n, g->dim, &g->d_gen);
    if (!r)
        r = gad_tape_new(&g->g, &g->generator, n, rows_of(g, n));
    if (!r)
        r = gad_tape_new(&g->f, &g->disc_f, 2 * n, gad_mat_none());
    if (!r)
        r = gad_tape_new(&g->logit, &g->disc_logit, 2 * n, gad_mat_none());
    return r ? r : gad_sparse_new(&g->sparse, n, g->xs.cols);
}

int gad_anogan_init(struct gad_anogan *g, size_t n, size_t dim, struct gad_condition y)
{
    *g = (struct gad_anogan){.n = n, .dim = dim, .y = y};
    build(g);
    int r = alloc(g);
    if (r)
        gad_anogan_deinit(g);
    g->xs.sparse = &g->sparse;
    return r;
}

void gad_anogan_deinit(struct gad_anogan *g)
{
    struct gad_tape *tapes[] = {&g->g, &g->f, &g->logit};
    struct gad_mat *mats[] = {&g->xs, &g->z, &g->d_logit, &g->d_f, &g->d_gen};

    for (size_t i = 0; i < sizeof(tapes) / sizeof(tapes[0]); i++)
        gad_tape_free(tapes[i]);
    for (size_t i = 0; i < sizeof(mats) / sizeof(mats[0]); i++)
        gad_mat_free(mats[i]);
    gad_sparse_free(&g->sparse);
    gad_params_deinit(&g->params);
}

struct gad_range gad_anogan_discriminator(const struct gad_anogan *g)
{
    return gad_range_join(g->disc_f.range, g->disc_logit.range);
}

struct gad_mat gad_anogan_x(const struct gad_anogan *g)
{
    return rows_of(g, 0);
}

struct gad_mat gad_anogan_z(const struct gad_anogan *g)
{
    return gad_mat_cols(g->z, 0, Z);
}

double gad_anogan_loss_d(struct gad_anogan *g, enum gad_dropout dropout,
                         struct gad_dropout_rng *rng)
{
    const gad_real *theta = g->params.value;
    gad_real *grad = g->params.grad;
    size_t n = g->n;
    struct gad_mat f = gad_tape_out(&g->f, &g->disc_f),
                   logit = gad_tape_out(&g->logit, &g->disc_logit);
    double loss;

    set_condition(g);
    gad_sparse_scan(&g->sparse, g->xs);
    gad_net_forward(&g->generator, theta, g->z, GAD_DROPOUT_OFF, NULL, &g->g);
    gad_net_forward(&g->disc_f, theta, g->xs, dropout, rng, &g->f);
    gad_net_forward(&g->disc_logit, theta, f, dropout, rng, &g->logit);

    gad_mat_zero(g->d_logit);
    loss = gad_loss_bce(gad_mat_rows(logit, 0, n), 1, 1, gad_mat_rows(g->d_logit, 0, n)) +
           gad_loss_bce(gad_mat_rows(logit, n, n), 0, 1, gad_mat_rows(g->d_logit, n, n));
    gad_net_backward(&g->disc_logit, theta, f, &g->logit, g->d_logit, grad, gad_input_grad(g->d_f));
    gad_net_backward(&g->disc_f, theta, g->xs, &g->f, g->d_f, grad, gad_input_grad_none());
    return loss;
}

/* Uses only the fake half of the tapes: D(x) of real rows does not depend on G. */
double gad_anogan_loss_g(struct gad_anogan *g, enum gad_dropout dropout,
                         struct gad_dropout_rng *rng)
{
    const gad_real *theta = g->params.value;
    size_t n = g->n;
    struct gad_tape f_tape = gad_tape_rows(&g->f, &g->disc_f, n, n),
                    logit_tape = gad_tape_rows(&g->logit, &g->disc_logit, n, n);
    struct gad_mat fake = gad_mat_rows(g->xs, n, n), f = gad_tape_out(&f_tape, &g->disc_f),
                   d_logit = gad_mat_rows(g->d_logit, n, n), d_f = gad_mat_rows(g->d_f, n, n);
    double loss;

    gad_net_forward(&g->generator, theta, g->z, GAD_DROPOUT_OFF, NULL, &g->g);
    gad_net_forward(&g->disc_f, theta, fake, dropout, rng, &f_tape);
    gad_net_forward(&g->disc_logit, theta, f, dropout, rng, &logit_tape);

    gad_mat_zero(d_logit);
    loss = gad_loss_bce(gad_tape_out(&logit_tape, &g->disc_logit), 1, 1, d_logit);
    gad_net_backward(&g->disc_logit, theta, f, &logit_tape, d_logit, NULL, gad_input_grad(d_f));
    gad_net_backward(&g->disc_f, theta, fake, &f_tape, d_f, NULL, gad_input_grad(g->d_gen));
    gad_net_backward(&g->generator, theta, g->z, &g->g, g->d_gen, g->params.grad,
                     gad_input_grad_none());
    return loss;
}
