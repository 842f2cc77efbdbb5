/* SPDX-License-Identifier: Apache-2.0 */
#include "models/egbad_step.h"

enum { DX = 128, DZ = 128, F = 128, Z = GAD_EGBAD_LATENT };
static const float slope = 0.1f;
static const double rate = 0.2;

static void build(struct gad_egbad *g)
{
    const struct gad_widths w = g->widths;
    const struct gad_layer_spec encoder[] = {
        {.in = g->dim, .out = w.encoder, .act = GAD_LEAKY_RELU, .slope = slope},
        {.in = w.encoder, .out = Z},
    };
    const struct gad_layer_spec generator[] = {
        {.in = Z + g->y.n, .out = w.generator[0], .act = GAD_RELU},
        {.in = w.generator[0], .out = w.generator[1], .act = GAD_RELU},
        {.in = w.generator[1], .out = g->dim},
    };
    const struct gad_layer_spec disc_x = {
        .in = g->dim, .out = DX, .act = GAD_LEAKY_RELU, .slope = slope, .dropout = rate};
    const struct gad_layer_spec disc_z = {
        .in = Z + g->y.n, .out = DZ, .act = GAD_LEAKY_RELU, .slope = slope, .dropout = rate};
    const struct gad_layer_spec disc_f = {
        .in = DX + DZ, .out = F, .act = GAD_LEAKY_RELU, .slope = slope, .dropout = rate};
    const struct gad_layer_spec disc_logit = {.in = F, .out = 1};

    gad_net_init(&g->encoder, 2, encoder, &g->params);
    gad_net_init(&g->generator, 3, generator, &g->params);
    gad_net_init(&g->disc_x, 1, &disc_x, &g->params);
    gad_net_init(&g->disc_z, 1, &disc_z, &g->params);
    gad_net_init(&g->disc_f, 1, &disc_f, &g->params);
    gad_net_init(&g->disc_logit, 1, &disc_logit, &g->params);
}

static int alloc_mats(struct gad_egbad *g, size_t n, size_t n_gen)
{
    const struct {
        struct gad_mat *m;
        size_t rows, cols;
    } mats[] = {
        {&g->xs, n + n_gen, g->dim}, {&g->zs, n + n_gen, Z + g->y.n},
        {&g->pair, 2 * n, DX + DZ},  {&g->d_pair, 2 * n, DX + DZ},
        {&g->d_f, 2 * n, F},         {&g->d_gen, n_gen, g->dim},
        {&g->d_latent, n_gen, Z},    {&g->d_code, n, Z},
    };

    for (size_t i = 0; i < sizeof(mats) / sizeof(mats[0]); i++) {
        int r = gad_mat_new(mats[i].rows, mats[i].cols, mats[i].m);
        if (r)
            return r;
    }
    return 0;
}

/* Rows first .. first + n of zs, without the condition. */
static struct gad_mat latent(const struct gad_egbad *g, size_t first)
{
    return gad_mat_cols(gad_mat_rows(g->zs, first, g->n), 0, Z);
}

/* Copies the condition of the batch beside every latent vector. */
static void set_condition(struct gad_egbad *g)
{
    if (g->y.n == 0)
        return;
    for (size_t first = 0; first < g->zs.rows; first += g->n)
        gad_mat_copy(gad_mat_cols(gad_mat_rows(g->zs, first, g->n), Z, g->y.n),
                     gad_mat_cols(gad_egbad_x(g), g->y.first, g->y.n));
}

static int alloc_tapes(struct gad_egbad *g, size_t n, size_t n_gen)
{
    const struct {
        struct gad_tape *t;
        const struct gad_net *net;
        struct gad_mat out;
    } tapes[] = {
        {&g->e, &g->encoder, latent(g, 0)},
        {&g->g, &g->generator, gad_mat_rows(g->xs, n, n_gen)},
        {&g->x, &g->disc_x, gad_mat_cols(g->pair, 0, DX)},
        {&g->z, &g->disc_z, gad_mat_cols(g->pair, DX, DZ)},
        {&g->f, &g->disc_f, gad_mat_none()},
        {&g->logit, &g->disc_logit, gad_mat_none()},
    };

    for (size_t i = 0; i < sizeof(tapes) / sizeof(tapes[0]); i++) {
        size_t rows = tapes[i].out.v ? tapes[i].out.rows : 2 * n;
        int r = gad_tape_new(tapes[i].t, tapes[i].net, rows, tapes[i].out);
        if (r)
            return r;
    }
    return 0;
}

int gad_egbad_init(struct gad_egbad *g, size_t n, size_t dim, const struct gad_egbad_loss *loss,
                   struct gad_condition y, struct gad_widths w)
{
    size_t n_gen = loss->residual > 0 ? 2 * n : n;
    int r;

    *g = (struct gad_egbad){.n = n, .dim = dim, .loss = *loss, .y = y, .widths = w};
    build(g);
    r = gad_params_alloc(&g->params);
    if (!r)
        r = alloc_mats(g, n, n_gen);
    if (!r)
        r = gad_mat_new(2 * n, 1, &g->d_logit);
    if (!r)
        r = alloc_tapes(g, n, n_gen);
    if (!r)
        r = gad_sparse_new(&g->sparse, n, dim);
    if (r)
        gad_egbad_deinit(g);
    g->xs.sparse = &g->sparse;
    return r;
}

void gad_egbad_deinit(struct gad_egbad *g)
{
    struct gad_tape *tapes[] = {&g->e, &g->g, &g->x, &g->z, &g->f, &g->logit};
    struct gad_mat *mats[] = {&g->xs,     &g->zs,    &g->pair,     &g->d_logit, &g->d_f,
                              &g->d_pair, &g->d_gen, &g->d_latent, &g->d_code};

    for (size_t i = 0; i < sizeof(tapes) / sizeof(tapes[0]); i++)
        gad_tape_free(tapes[i]);
    for (size_t i = 0; i < sizeof(mats) / sizeof(mats[0]); i++)
        gad_mat_free(mats[i]);
    gad_sparse_free(&g->sparse);
    gad_params_deinit(&g->params);
}

struct gad_range gad_egbad_discriminator(const struct gad_egbad *g)
{
    return gad_range_join(g->disc_x.range, g->disc_logit.range);
}

struct gad_mat gad_egbad_x(const struct gad_egbad *g)
{
    return gad_mat_rows(g->xs, 0, g->n);
}

struct gad_mat gad_egbad_z(const struct gad_egbad *g)
{
    return latent(g, g->n);
}

/* D on the real and the fake pairs, stacked. */
static void discriminate(struct gad_egbad *g, enum gad_dropout dropout, struct gad_dropout_rng *rng)
{
    const gad_real *theta = g->params.value;
    size_t both = 2 * g->n;

    gad_net_forward(&g->disc_x, theta, gad_mat_rows(g->xs, 0, both), dropout, rng, &g->x);
    gad_net_forward(&g->disc_z, theta, gad_mat_rows(g->zs, 0, both), dropout, rng, &g->z);
    gad_net_forward(&g->disc_f, theta, g->pair, dropout, rng, &g->f);
    gad_net_forward(&g->disc_logit, theta, gad_tape_out(&g->f, &g->disc_f), dropout, rng,
                    &g->logit);
}

double gad_egbad_loss_d(struct gad_egbad *g, enum gad_dropout dropout, struct gad_dropout_rng *rng)
{
    const gad_real *theta = g->params.value;
    gad_real *grad = g->params.grad;
    size_t n = g->n;
    struct gad_mat logit = gad_tape_out(&g->logit, &g->disc_logit);
    struct gad_tape fakes = gad_tape_rows(&g->g, &g->generator, 0, n);
    double loss;

    set_condition(g);
    gad_sparse_scan(&g->sparse, g->xs);
    gad_net_forward(&g->encoder, theta, gad_egbad_x(g), GAD_DROPOUT_OFF, NULL, &g->e);
    gad_net_forward(&g->generator, theta, gad_mat_rows(g->zs, n, n), GAD_DROPOUT_OFF, NULL, &fakes);
    discriminate(g, dropout, rng);

    gad_mat_zero(g->d_logit);
    loss = gad_loss_bce(gad_mat_rows(logit, 0, n), 1, 1, gad_mat_rows(g->d_logit, 0, n)) +
           gad_loss_bce(gad_mat_rows(logit, n, n), 0, 1, gad_mat_rows(g->d_logit, n, n));
    gad_net_backward(&g->disc_logit, theta, gad_tape_out(&g->f, &g->disc_f), &g->logit, g->d_logit,
                     grad, gad_input_grad(g->d_f));
    gad_net_backward(&g->disc_f, theta, g->pair, &g->f, g->d_f, grad, gad_input_grad(g->d_pair));
    gad_net_backward(&g->disc_x, theta, gad_mat_rows(g->xs, 0, 2 * n), &g->x,
                     gad_mat_cols(g->d_pair, 0, DX), grad, gad_input_grad_none());
    gad_net_backward(&g->disc_z, theta, gad_mat_rows(g->zs, 0, 2 * n), &g->z,
                     gad_mat_cols(g->d_pair, DX, DZ), grad, gad_input_grad_none());
    return loss;
}

/* d_f, from the loss on f or on the logits. The gradients of D's weights are not computed. */
static void adversarial(struct gad_egbad *g, double *ret_g, double *ret_e)
{
    size_t n = g->n;
    struct gad_mat f = gad_tape_out(&g->f, &g->disc_f),
                   logit = gad_tape_out(&g->logit, &g->disc_logit);

    if (g->loss.feature_matching) {
        gad_mat_zero(g->d_f);
        *ret_g = *ret_e =
            gad_loss_feature_matching(gad_mat_rows(f, 0, n), gad_mat_rows(f, n, n), 1,
                                      gad_mat_rows(g->d_f, 0, n), gad_mat_rows(g->d_f, n, n));
        return;
    }
    gad_mat_zero(g->d_logit);
    *ret_e = gad_loss_bce(gad_mat_rows(logit, 0, n), 0, 1, gad_mat_rows(g->d_logit, 0, n));
    *ret_g = gad_loss_bce(gad_mat_rows(logit, n, n), 1, 1, gad_mat_rows(g->d_logit, n, n));
    gad_net_backward(&g->disc_logit, g->params.value, f, &g->logit, g->d_logit, NULL,
                     gad_input_grad(g->d_f));
}

/* From d_f back to the code of the real pairs and to the row of the fake pairs. The other
 * halves, the real row and the draw, have no weights behind them. */
static void back_to_pairs(struct gad_egbad *g)
{
    const gad_real *theta = g->params.value;
    size_t n = g->n;
    struct gad_tape f_real = gad_tape_rows(&g->f, &g->disc_f, 0, n),
                    f_fake = gad_tape_rows(&g->f, &g->disc_f, n, n),
                    code = gad_tape_rows(&g->z, &g->disc_z, 0, n),
                    row = gad_tape_rows(&g->x, &g->disc_x, n, n);
    struct gad_mat d_code = gad_mat_cols(gad_mat_rows(g->d_pair, 0, n), DX, DZ),
                   d_row = gad_mat_cols(gad_mat_rows(g->d_pair, n, n), 0, DX);

    gad_net_backward(&g->disc_f, theta, gad_mat_rows(g->pair, 0, n), &f_real,
                     gad_mat_rows(g->d_f, 0, n), NULL, gad_input_grad_cols(d_code, DX));
    gad_net_backward(&g->disc_z, theta, gad_mat_rows(g->zs, 0, n), &code, d_code, NULL,
                     gad_input_grad(g->d_code));
    gad_net_backward(&g->disc_f, theta, gad_mat_rows(g->pair, n, n), &f_fake,
                     gad_mat_rows(g->d_f, n, n), NULL, gad_input_grad_cols(d_row, 0));
    gad_net_backward(&g->disc_x, theta, gad_mat_rows(g->xs, n, n), &row, d_row, NULL,
                     gad_input_grad(gad_mat_rows(g->d_gen, 0, n)));
}

/* G learns from its draws alone. Through G(E(x)) the gradient only passes to E. */
static void back_through_generator_apart(struct gad_egbad *g)
{
    size_t n = g->n;
    struct gad_tape draws = gad_tape_rows(&g->g, &g->generator, 0, n),
                    back = gad_tape_rows(&g->g, &g->generator, n, n);

    gad_net_backward(&g->generator, g->params.value, gad_mat_rows(g->zs, n, n), &draws,
                     gad_mat_rows(g->d_gen, 0, n), g->params.grad, gad_input_grad_none());
    gad_net_backward(&g->generator, g->params.value, gad_mat_rows(g->zs, 2 * n, n), &back,
                     gad_mat_rows(g->d_gen, n, n), NULL,
                     gad_input_grad(gad_mat_rows(g->d_latent, n, n)));
}

void gad_egbad_loss_ge(struct gad_egbad *g, enum gad_dropout dropout, struct gad_dropout_rng *rng,
                       double *ret_g, double *ret_e)
{
    const gad_real *theta = g->params.value;
    gad_real *grad = g->params.grad;
    size_t n = g->n, n_gen = g->g.rows;
    bool residual = n_gen > n;
    struct gad_mat z_in = gad_mat_rows(g->zs, n, n_gen), none = gad_mat_none();

    set_condition(g);
    gad_sparse_scan(&g->sparse, g->xs);
    gad_net_forward(&g->encoder, theta, gad_egbad_x(g), GAD_DROPOUT_OFF, NULL, &g->e);
    if (residual)
        gad_mat_copy(latent(g, 2 * n), latent(g, 0));
    gad_net_forward(&g->generator, theta, z_in, GAD_DROPOUT_OFF, NULL, &g->g);
    discriminate(g, dropout, rng);

    adversarial(g, ret_g, ret_e);
    back_to_pairs(g);
    if (residual) {
        struct gad_mat d_back = gad_mat_rows(g->d_gen, n, n);
        double w = g->loss.residual, r;

        gad_mat_zero(d_back);
        r = gad_loss_l1(gad_mat_rows(g->xs, 2 * n, n), gad_egbad_x(g), w, d_back, none);
        *ret_g += g->loss.residual_e_only ? 0 : w * r;
        *ret_e += w * r;
    }
    if (residual && g->loss.residual_e_only)
        back_through_generator_apart(g);
    else
        gad_net_backward(&g->generator, theta, z_in, &g->g, g->d_gen, grad,
                         residual ? gad_input_grad(g->d_latent) : gad_input_grad_none());
    if (residual)
        gad_mat_add(g->d_code, gad_mat_rows(g->d_latent, n, n));
    gad_net_backward(&g->encoder, theta, gad_egbad_x(g), &g->e, g->d_code, grad,
                     gad_input_grad_none());
}
