/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lib/base/diag.h"
#include "models/ganomaly_step.h"
#include "models/trainer_impl.h"

/*
 * Training of GANomaly as in its authors' code: one forward pass a step, from which first the
 * generator and then the discriminator takes an Adam step in the usual form. A discriminator whose
 * loss has become almost 0 is initialised again.
 */

static const char *const scores[] = {"enc", "rec"};
static const double perfect = 1e-5; /* L_D below which D is initialised again */

struct ganomaly {
    struct gad_trainer t; /* first */
    struct gad_ganomaly net;
};

static struct gad_ganomaly *net_of(struct gad_trainer *t)
{
    return &((struct ganomaly *)t)->net;
}

/*
 * survey: the weights and rate published for images; nothing is published for dense features.
 * normal: five times that rate and an average of the weights. At the published rate, after 5
 * epochs, 4 of 13 seeds did not yet reconstruct rejected normal connections (6 % of the rows), and
 * the 1 % threshold lay above the scores of smurf.
 */
static void ganomaly_defaults(const char *protocol, struct gad_train_options *o)
{
    bool survey = strcmp(protocol, "survey") == 0;

    *o = (struct gad_train_options){
        .seed = o->seed,
        .batch = 64,
        .learning_rate = survey ? 2e-4 : 1e-3,
        .beta1 = 0.5,
        .beta2 = 0.999,
        .ema = survey ? 0 : 0.999,
        .ema_ramp = !survey,
        .adversarial = GAD_ADV_FEATURE_MATCHING,
        .w_adversarial = 1,
        .w_contextual = 50,
        .w_encoder = 1,
        .score = scores[0],
        .score_degree = 2,
    };
}

static int ganomaly_init(struct gad_trainer *t, size_t dim, struct gad_diag *d)
{
    const struct gad_train_options *o = &t->opt;
    struct gad_ganomaly_loss loss = {.w_adversarial = o->w_adversarial,
                                     .w_contextual = o->w_contextual,
                                     .w_encoder = o->w_encoder,
                                     .bce = o->adversarial == GAD_ADV_BCE};

    if (o->condition.n > 0)
        return gad_fail(d, GAD_EINVAL, "model ganomaly takes no condition");
    t->params = &net_of(t)->params;
    return gad_ganomaly_init(net_of(t), o->batch, dim, &loss);
}

static void ganomaly_deinit(struct gad_trainer *t)
{
    gad_ganomaly_deinit(net_of(t));
}

static void ganomaly_step(struct gad_trainer *t, size_t at, struct gad_epoch_stats *loss)
{
    struct gad_ganomaly *g = net_of(t);
    struct gad_range disc = gad_ganomaly_discriminator(g);

    gad_train_gather(t, 0, at, gad_ganomaly_x(g));
    gad_ganomaly_forward(g);
    loss->loss_g = gad_ganomaly_loss_g(g);
    gad_train_update(t, &t->adam_g, gad_ganomaly_generator(g));
    loss->loss_d = gad_ganomaly_loss_d(g);
    gad_train_update(t, &t->adam_d, disc);
    if (loss->loss_d < perfect)
        gad_init_xavier(t->params, disc, &t->init);
}

static void ganomaly_fill(struct gad_trainer *t, struct gad_checkpoint *c)
{
    const struct gad_ganomaly *g = net_of(t);

    gad_train_export(t, "encoder", &g->encoder, NULL);
    gad_train_export(t, "decoder", &g->decoder, NULL);
    gad_train_export(t, "encoder2", &g->encoder2, NULL);
    gad_train_export(t, "disc", &g->disc_f, &g->disc_logit);
    c->score.weight = 0;
    c->score.degree = t->score == 0 ? 2 : 1;
}

static const struct gad_train_method method = {
    .size = sizeof(struct ganomaly),
    .scores = scores,
    .n_scores = sizeof(scores) / sizeof(scores[0]),
    .n_orders = 1,
    .adam = GAD_ADAM_USUAL,
    .init = ganomaly_init,
    .deinit = ganomaly_deinit,
    .step = ganomaly_step,
    .fill = ganomaly_fill,
};

const struct gad_trainer_ops gad_ganomaly_trainer = {
    .name = "ganomaly",
    .summary = "GANomaly: weights of its three losses",
    .defaults = ganomaly_defaults,
    .method = &method,
};
