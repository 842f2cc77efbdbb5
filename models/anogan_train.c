/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lib/base/diag.h"
#include "models/anogan_step.h"
#include "models/trainer_impl.h"

/*
 * Training of AnoGAN's networks as published with EGBAD. Each step trains first the discriminator
 * on a batch, then, with a new draw and new dropout masks, the generator. There are two Adams in
 * the form of TensorFlow 1. Scoring uses a moving average of all weights that starts at the initial
 * ones. The published program averages both networks and then by mistake scores with the
 * discriminator's raw weights; here both are averages.
 */

static const char *const scores[] = {"fm", "cross-e"};

/* The published search: rates, and the shares of its 500 steps at which they begin. */
static const struct {
    double at;
    float rate;
} schedule[] = {{0, .01f}, {.6, .001f}, {.8, .0005f}};
enum { N_PHASES = sizeof(schedule) / sizeof(schedule[0]) };

struct anogan {
    struct gad_trainer t; /* first */
    struct gad_anogan net;
    size_t n_phases;
    struct gad_ckpt_phase phase[N_PHASES];
};

static struct gad_anogan *net_of(struct gad_trainer *t)
{
    return &((struct anogan *)t)->net;
}

/* survey: as published. normal: ten times the rate and a shorter average, as for egbad. */
static void anogan_defaults(const char *protocol, struct gad_train_options *o)
{
    bool survey = strcmp(protocol, "survey") == 0;

    *o = (struct gad_train_options){
        .seed = o->seed,
        .batch = 50,
        .learning_rate = survey ? 1e-5 : 1e-4,
        .beta1 = 0.5,
        .beta2 = 0.999,
        .ema = survey ? 0.9999 : 0.999,
        .ema_ramp = !survey,
        .score = scores[0],
        .score_weight = 0.1,
        .score_degree = 1,
        .search_steps = 500,
    };
}

static int check(const struct gad_train_options *o, struct gad_diag *d)
{
    if (o->score_degree != 1)
        return gad_fail(d, GAD_EINVAL, "score degree %u: anogan has 1 only", o->score_degree);
    if (o->search_steps < 1 || o->search_steps > GAD_CKPT_SEARCH_STEPS_MAX)
        return gad_fail(d, GAD_EINVAL, "%u steps of search, not 1 to %d", o->search_steps,
                        GAD_CKPT_SEARCH_STEPS_MAX);
    if (!(o->search_tolerance >= 0 && o->search_tolerance < 1))
        return gad_fail(d, GAD_EINVAL, "search tolerance %g is out of range", o->search_tolerance);
    return 0;
}

/* The schedule over the number of steps. Phases that would have no step are left out. */
static void plan_search(struct anogan *a)
{
    uint32_t steps = a->t.opt.search_steps;

    for (size_t i = 0; i < N_PHASES; i++) {
        uint32_t from = (uint32_t)(schedule[i].at * steps + 0.5);
        if (i > 0 && (from >= steps || from <= a->phase[a->n_phases - 1].from))
            continue;
        a->phase[a->n_phases++] = (struct gad_ckpt_phase){.from = from, .rate = schedule[i].rate};
    }
}

static int anogan_init(struct gad_trainer *t, size_t dim, struct gad_diag *d)
{
    int r = check(&t->opt, d);

    if (r)
        return r;
    plan_search((struct anogan *)t);
    t->params = &net_of(t)->params;
    return gad_anogan_init(net_of(t), t->opt.batch, dim, t->opt.condition);
}

static void anogan_deinit(struct gad_trainer *t)
{
    gad_anogan_deinit(net_of(t));
}

static void anogan_step(struct gad_trainer *t, size_t at, struct gad_epoch_stats *loss)
{
    struct gad_anogan *g = net_of(t);

    gad_train_gather(t, 0, at, gad_anogan_x(g));
    gad_train_draw(t, gad_anogan_z(g));
    loss->loss_d = gad_anogan_loss_d(g, GAD_DROPOUT_DRAW, &t->dropout);
    gad_train_update(t, &t->adam_d, gad_anogan_discriminator(g));

    gad_train_draw(t, gad_anogan_z(g));
    loss->loss_g = gad_anogan_loss_g(g, GAD_DROPOUT_DRAW, &t->dropout);
    gad_train_update(t, &t->adam_g, g->generator.range);
}

static void anogan_fill(struct gad_trainer *t, struct gad_checkpoint *c)
{
    struct anogan *a = (struct anogan *)t;

    gad_train_export(t, "generator", &a->net.generator, NULL);
    gad_train_export(t, "disc", &a->net.disc_f, &a->net.disc_logit);
    c->score.search = (struct gad_ckpt_search){.steps = t->opt.search_steps,
                                               .tolerance = (float)t->opt.search_tolerance,
                                               .seed = t->opt.seed,
                                               .n_phases = a->n_phases,
                                               .phases = a->phase};
}

static const struct gad_train_method method = {
    .size = sizeof(struct anogan),
    .scores = scores,
    .n_scores = sizeof(scores) / sizeof(scores[0]),
    .n_orders = 1,
    .adam = GAD_ADAM_TF1,
    .init = anogan_init,
    .deinit = anogan_deinit,
    .step = anogan_step,
    .fill = anogan_fill,
};

const struct gad_trainer_ops gad_anogan_trainer = {
    .name = "anogan",
    .summary = "AnoGAN: score weight, steps and tolerance of the latent search",
    .defaults = anogan_defaults,
    .method = &method,
};
