/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "models/egbad_step.h"
#include "models/trainer_impl.h"

/*
 * Training of EGBAD as published. Each step trains first the discriminator on rows of one random
 * order, then generator and encoder on rows of a second one, with new draws and dropout masks.
 * There are three Adams in the form of TensorFlow 1. Scoring uses a moving average of all weights
 * that starts at the initial ones.
 */

static const char *const scores[] = {"fm", "cross-e", "cross-e-paper", "residual"};

struct egbad {
    struct gad_trainer t; /* first */
    struct gad_egbad net;
};

static struct gad_egbad *net_of(struct gad_trainer *t)
{
    return &((struct egbad *)t)->net;
}

/*
 * survey: as published. normal: with the residual, which makes 10 to 15 epochs enough, a higher
 * rate, and an average over about four epochs of 44,000 rows. With some seeds and epochs the
 * weights without an average reconstruct a rare kind of normal connection (rejected ones) badly,
 * which lifts the 1 % threshold above the scores of smurf.
 */
static void egbad_defaults(const char *protocol, struct gad_train_options *o)
{
    bool survey = strcmp(protocol, "survey") == 0;

    *o = (struct gad_train_options){
        .seed = o->seed,
        .batch = 50,
        .learning_rate = survey ? 1e-5 : 1e-4,
        .beta1 = 0.5,
        .beta2 = 0.999,
        .ema = survey ? 0.9999 : 0.9997,
        .ema_ramp = !survey,
        .residual = survey ? 0 : 10,
        .adversarial = GAD_ADV_BCE,
        .score = scores[0],
        .score_weight = 0.1,
        .score_degree = 1,
    };
}

static int egbad_init(struct gad_trainer *t, size_t dim, struct gad_diag *d)
{
    const struct gad_train_options *o = &t->opt;
    struct gad_egbad_loss loss = {.residual = o->residual,
                                  .residual_e_only = o->residual_e_only,
                                  .feature_matching = o->adversarial == GAD_ADV_FEATURE_MATCHING};

    (void)d;
    t->params = &net_of(t)->params;
    return gad_egbad_init(net_of(t), o->batch, dim, &loss, o->condition);
}

static void egbad_deinit(struct gad_trainer *t)
{
    gad_egbad_deinit(net_of(t));
}

static void egbad_step(struct gad_trainer *t, size_t at, struct gad_epoch_stats *loss)
{
    struct gad_egbad *g = net_of(t);

    gad_train_gather(t, 0, at, gad_egbad_x(g));
    gad_train_draw(t, gad_egbad_z(g));
    loss->loss_d = gad_egbad_loss_d(g, GAD_DROPOUT_DRAW, &t->dropout);
    gad_train_update(t, &t->adam_d, gad_egbad_discriminator(g));

    gad_train_gather(t, 1, at, gad_egbad_x(g));
    gad_train_draw(t, gad_egbad_z(g));
    gad_egbad_loss_ge(g, GAD_DROPOUT_DRAW, &t->dropout, &loss->loss_g, &loss->loss_e);
    gad_train_update(t, &t->adam_g, g->generator.range);
    gad_train_update(t, &t->adam_e, g->encoder.range);
}

static void egbad_fill(struct gad_trainer *t, struct gad_checkpoint *c)
{
    const struct gad_egbad *g = net_of(t);

    (void)c;
    gad_train_export(t, "encoder", &g->encoder, NULL);
    gad_train_export(t, "generator", &g->generator, NULL);
    gad_train_export(t, "disc_x", &g->disc_x, NULL);
    gad_train_export(t, "disc_z", &g->disc_z, NULL);
    gad_train_export(t, "disc_head", &g->disc_f, &g->disc_logit);
}

static const struct gad_train_method method = {
    .size = sizeof(struct egbad),
    .scores = scores,
    .n_scores = sizeof(scores) / sizeof(scores[0]),
    .n_orders = 2,
    .adam = GAD_ADAM_TF1,
    .init = egbad_init,
    .deinit = egbad_deinit,
    .step = egbad_step,
    .fill = egbad_fill,
};

const struct gad_trainer_ops gad_egbad_trainer = {
    .name = "egbad",
    .summary = "EGBAD (BiGAN): residual, adversarial loss, score weight and degree",
    .defaults = egbad_defaults,
    .method = &method,
};
