/* SPDX-License-Identifier: Apache-2.0 */
#include "models/ganomaly_step.h"

enum { D1 = 256, F = 128, Z = GAD_GANOMALY_LATENT };
static const float slope = 0.2f;

static void build(struct gad_ganomaly *g)
{
    const struct gad_widths w = g->widths;
    const struct gad_layer_spec encoder[] = {
        {.in = g->dim, .out = w.encoder, .act = GAD_LEAKY_RELU, .slope = slope},
        {.in = w.encoder, .out = Z},
    };
    const struct gad_layer_spec decoder[] = {
        {.in = Z, .out = w.generator[0], .act = GAD_RELU},
        {.in = w.generator[0], .out = w.generator[1], .act = GAD_RELU},
        {.in = w.generator[1], .out = g->dim},
    };
    const struct gad_layer_spec disc_f[] = {
        {.in = g->dim, .out = D1, .act = GAD_LEAKY_RELU, .slope = slope},
        {.in = D1, .out = F, .act = GAD_LEAKY_RELU, .slope = slope},
    };
    const struct gad_layer_spec disc_logit = {.in = F, .out = 1};

    gad_net_init(&g->encoder, 2, encoder, &g->params);
    gad_net_init(&g->decoder, 3, decoder, &g->params);
    gad_net_init(&g->encoder2, 2, encoder, &g->params);
    gad_net_init(&g->disc_f, 2, disc_f, &g->params);
    gad_net_init(&g->disc_logit, 1, &disc_logit, &g->params);
}

static int alloc_mats(struct gad_ganomaly *g)
{
    size_t n = g->n;
    const struct {
        struct gad_mat *m;
        size_t rows, cols;
    } mats[] = {
        {&g->xs, 2 * n, g->dim}, {&g->d_logit, 2 * n, 1}, {&g->d_f, 2 * n, F},
        {&g->d_fake, n, g->dim}, {&g->d_z, n, Z},         {&g->d_z2, n, Z},
    };

    for (size_t i = 0; i < sizeof(mats) / sizeof(mats[0]); i++) {
        int r = gad_mat_new(mats[i].rows, mats[i].cols, mats[i].m);
        if (r)
            return r;
    }
    return 0;
}

static int alloc_tapes(struct gad_ganomaly *g)
{
    size_t n = g->n;
    struct gad_mat none = gad_mat_none();
    const struct {
        struct gad_tape *t;
        const struct gad_net *net;
        size_t rows;
        struct gad_mat out;
    } tapes[] = {
        {&g->e, &g->encoder, n, none},
        {&g->g, &g->decoder, n, gad_mat_rows(g->xs, n, n)},
        {&g->e2, &g->encoder2, n, none},
        {&g->f, &g->disc_f, 2 * n, none},
        {&g->logit, &g->disc_logit, 2 * n, none},
    };

    for (size_t i = 0; i < sizeof(tapes) / sizeof(tapes[0]); i++) {
        int r = gad_tape_new(tapes[i].t, tapes[i].net, tapes[i].rows, tapes[i].out);
        if (r)
            return r;
    }
    return 0;
}

int gad_ganomaly_init(struct gad_ganomaly *g, size_t n, size_t dim,
                      const struct gad_ganomaly_loss *loss, struct gad_widths w)
{
    int r;

    *g = (struct gad_ganomaly){.n = n, .dim = dim, .loss = *loss, .widths = w};
    build(g);
    r = gad_params_alloc(&g->params);
    if (!r)
        r = alloc_mats(g);
    if (!r)
        r = alloc_tapes(g);
    if (!r)
        r = gad_sparse_new(&g->sparse, n, dim);
    if (r)
        gad_ganomaly_deinit(g);
    g->xs.sparse = &g->sparse;
    return r;
}

void gad_ganomaly_deinit(struct gad_ganomaly *g)
{
    struct gad_tape *tapes[] = {&g->e, &g->g, &g->e2, &g->f, &g->logit};
    struct gad_mat *mats[] = {&g->xs, &g->d_logit, &g->d_f, &g->d_fake, &g->d_z, &g->d_z2};

    for (size_t i = 0; i < sizeof(tapes) / sizeof(tapes[0]); i++)
        gad_tape_free(tapes[i]);
    for (size_t i = 0; i < sizeof(mats) / sizeof(mats[0]); i++)
        gad_mat_free(mats[i]);
    gad_sparse_free(&g->sparse);
    gad_params_deinit(&g->params);
}

struct gad_range gad_ganomaly_generator(const struct gad_ganomaly *g)
{
    return gad_range_join(g->encoder.range, g->encoder2.range);
}

struct gad_range gad_ganomaly_discriminator(const struct gad_ganomaly *g)
{
    return gad_range_join(g->disc_f.range, g->disc_logit.range);
}

struct gad_mat gad_ganomaly_x(const struct gad_ganomaly *g)
{
    return gad_mat_rows(g->xs, 0, g->n);
}

static struct gad_mat fake(const struct gad_ganomaly *g)
{
    return gad_mat_rows(g->xs, g->n, g->n);
}

void gad_ganomaly_forward(struct gad_ganomaly *g)
{
    const gad_real *theta = g->params.value;

    gad_sparse_scan(&g->sparse, g->xs);
    gad_net_forward(&g->encoder, theta, gad_ganomaly_x(g), GAD_DROPOUT_OFF, NULL, &g->e);
    gad_net_forward(&g->decoder, theta, gad_tape_out(&g->e, &g->encoder), GAD_DROPOUT_OFF, NULL,
                    &g->g);
    gad_net_forward(&g->encoder2, theta, fake(g), GAD_DROPOUT_OFF, NULL, &g->e2);
    gad_net_forward(&g->disc_f, theta, g->xs, GAD_DROPOUT_OFF, NULL, &g->f);
    gad_net_forward(&g->disc_logit, theta, gad_tape_out(&g->f, &g->disc_f), GAD_DROPOUT_OFF, NULL,
                    &g->logit);
}

/* d_f of the fake rows. The gradients of D's weights are not computed. */
static double adversarial(struct gad_ganomaly *g)
{
    size_t n = g->n;
    double weight = g->loss.w_adversarial, loss;
    struct gad_mat f = gad_tape_out(&g->f, &g->disc_f),
                   logit = gad_tape_out(&g->logit, &g->disc_logit),
                   d_f = gad_mat_rows(g->d_f, n, n), d_logit = gad_mat_rows(g->d_logit, n, n);

    gad_mat_zero(d_f);
    if (!g->loss.bce)
        return gad_loss_l2(gad_mat_rows(f, 0, n), gad_mat_rows(f, n, n), weight, gad_mat_none(),
                           d_f);
    struct gad_tape fakes = gad_tape_rows(&g->logit, &g->disc_logit, n, n);
    gad_mat_zero(d_logit);
    loss = gad_loss_bce(gad_mat_rows(logit, n, n), 1, weight, d_logit);
    gad_net_backward(&g->disc_logit, g->params.value, gad_mat_rows(f, n, n), &fakes, d_logit, NULL,
                     gad_input_grad(d_f));
    return loss;
}

double gad_ganomaly_loss_g(struct gad_ganomaly *g)
{
    const gad_real *theta = g->params.value;
    gad_real *grad = g->params.grad;
    const struct gad_ganomaly_loss *w = &g->loss;
    size_t n = g->n;
    struct gad_mat z = gad_tape_out(&g->e, &g->encoder), z2 = gad_tape_out(&g->e2, &g->encoder2),
                   none = gad_mat_none();
    struct gad_tape f_fake = gad_tape_rows(&g->f, &g->disc_f, n, n);
    double contextual, encoder, against_d = adversarial(g);

    gad_net_backward(&g->disc_f, theta, fake(g), &f_fake, gad_mat_rows(g->d_f, n, n), NULL,
                     gad_input_grad(g->d_fake));

    contextual = gad_loss_l1(gad_ganomaly_x(g), fake(g), w->w_contextual, none, g->d_fake);

    gad_mat_zero(g->d_z);
    gad_mat_zero(g->d_z2);
    encoder = gad_loss_l2(z, z2, w->w_encoder, g->d_z, g->d_z2);
    gad_net_backward(&g->encoder2, theta, fake(g), &g->e2, g->d_z2, grad,
                     gad_input_grad_add(g->d_fake));

    gad_net_backward(&g->decoder, theta, z, &g->g, g->d_fake, grad, gad_input_grad_add(g->d_z));
    gad_net_backward(&g->encoder, theta, gad_ganomaly_x(g), &g->e, g->d_z, grad,
                     gad_input_grad_none());
    return w->w_adversarial * against_d + w->w_contextual * contextual + w->w_encoder * encoder;
}

double gad_ganomaly_loss_d(struct gad_ganomaly *g)
{
    const gad_real *theta = g->params.value;
    gad_real *grad = g->params.grad;
    size_t n = g->n;
    struct gad_mat logit = gad_tape_out(&g->logit, &g->disc_logit);
    double real, fakes;

    gad_mat_zero(g->d_logit);
    real = gad_loss_bce(gad_mat_rows(logit, 0, n), 1, 0.5, gad_mat_rows(g->d_logit, 0, n));
    fakes = gad_loss_bce(gad_mat_rows(logit, n, n), 0, 0.5, gad_mat_rows(g->d_logit, n, n));
    gad_net_backward(&g->disc_logit, theta, gad_tape_out(&g->f, &g->disc_f), &g->logit, g->d_logit,
                     grad, gad_input_grad(g->d_f));
    gad_net_backward(&g->disc_f, theta, g->xs, &g->f, g->d_f, grad, gad_input_grad_none());
    return (real + fakes) / 2;
}
