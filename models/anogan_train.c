/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lib/base/diag.h"
#include "models/anogan_step.h"
#include "models/train_loop.h"

/*
 * Training of AnoGAN's networks as published with EGBAD: in each step first the discriminator on a batch, then,
 * with a new draw and new dropout masks, the generator; two Adams in the form of TensorFlow 1; scoring uses a
 * moving average of all weights that starts at the initial ones. The published program averages both networks
 * and then by mistake scores with the discriminator's raw weights; here both are averages.
 */

static const char *const scores[] = {"fm", "cross-e"};

/* The published search: rates and where they begin, as shares of its 500 steps. */
static const struct {
    double at;
    float rate;
} schedule[] = {{0, .01f}, {.6, .001f}, {.8, .0005f}};
enum { N_PHASES = sizeof(schedule) / sizeof(schedule[0]) };

struct gad_trainer {
    struct gad_train_options opt;
    size_t score, n_phases;
    struct gad_anogan net;
    struct gad_adam adam_d, adam_g;
    struct gad_rng latent;
    struct gad_dropout_rng dropout;
    struct gad_train_pass pass;
    struct gad_train_export export;
    struct gad_ckpt_phase phase[N_PHASES];
};

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
        .score = scores[0],
        .score_weight = 0.1,
        .score_degree = 1,
        .search_steps = 500,
    };
}

static void anogan_free(struct gad_trainer *t)
{
    if (!t)
        return;
    gad_train_pass_deinit(&t->pass);
    gad_anogan_deinit(&t->net);
    gad_free(t);
}
GAD_DEFINE_CLEANUP(struct gad_trainer, anogan_free);

static int check(const struct gad_train_options *o, size_t dim, size_t *ret_score,
                 struct gad_diag *d)
{
    int r = gad_train_check(o, dim, scores, sizeof(scores) / sizeof(scores[0]), ret_score, d);

    if (r)
        return r;
    if (o->score_degree != 1)
        return gad_fail(d, GAD_EINVAL, "score degree %u: anogan has 1 only", o->score_degree);
    if (o->search_steps < 1 || o->search_steps > GAD_CKPT_SEARCH_STEPS_MAX)
        return gad_fail(d, GAD_EINVAL, "%u steps of search, not 1 to %d", o->search_steps,
                        GAD_CKPT_SEARCH_STEPS_MAX);
    if (!(o->search_tolerance >= 0 && o->search_tolerance < 1))
        return gad_fail(d, GAD_EINVAL, "search tolerance %g is out of range", o->search_tolerance);
    return 0;
}

/* The schedule over so many steps; with a few only, phases that would have no step are left out. */
static void plan_search(struct gad_trainer *t)
{
    for (size_t i = 0; i < N_PHASES; i++) {
        uint32_t from = (uint32_t)(schedule[i].at * t->opt.search_steps + 0.5);
        if (i > 0 && (from >= t->opt.search_steps || from <= t->phase[t->n_phases - 1].from))
            continue;
        t->phase[t->n_phases++] = (struct gad_ckpt_phase){.from = from, .rate = schedule[i].rate};
    }
}

static int anogan_create(const struct gad_train_options *o, size_t dim, struct gad_trainer **ret,
                         struct gad_diag *d)
{
    struct gad_rng init;
    size_t score;
    int r = check(o, dim, &score, d);

    if (r)
        return r;
    gad_cleanup(anogan_freep) struct gad_trainer *t = gad_calloc(1, sizeof(*t));
    if (!t)
        return GAD_ENOMEM;
    r = gad_anogan_init(&t->net, o->batch, dim, o->condition);
    if (r)
        return r;

    gad_train_begin(o, 1, &init, &t->net.params, &t->pass);
    t->opt = *o;
    t->score = score;
    plan_search(t);
    t->adam_d = t->adam_g = gad_adam_init(GAD_ADAM_TF1, o->learning_rate, o->beta1, o->beta2);
    t->latent = gad_rng_init(o->seed, GAD_STREAM_LATENT);
    t->dropout = gad_dropout_rng_init(o->seed, GAD_STREAM_DROPOUT);
    *ret = gad_steal(&t);
    return 0;
}

static void draw(struct gad_trainer *t)
{
    struct gad_mat z = gad_anogan_z(&t->net);

    for (size_t i = 0; i < z.rows; i++)
        gad_rng_normal(&t->latent, z.cols, gad_mat_row(z, i));
}

static void anogan_step(struct gad_trainer *t, size_t at, struct gad_epoch_stats *loss)
{
    struct gad_params *p = &t->net.params;
    double ema = t->opt.ema;

    gad_train_gather(&t->pass, 0, at, gad_anogan_x(&t->net));
    draw(t);
    loss->loss_d = gad_anogan_loss_d(&t->net, GAD_DROPOUT_DRAW, &t->dropout);
    gad_train_update(p, &t->adam_d, gad_anogan_discriminator(&t->net), ema);

    draw(t);
    loss->loss_g = gad_anogan_loss_g(&t->net, GAD_DROPOUT_DRAW, &t->dropout);
    gad_train_update(p, &t->adam_g, t->net.generator.range, ema);
}

static int anogan_epoch(struct gad_trainer *t, size_t n, const float *x, size_t ld,
                        bool (*tick)(void *arg, size_t rows), void *arg,
                        struct gad_epoch_stats *stats, struct gad_diag *d)
{
    return gad_train_epoch(&t->pass, n, x, ld, (struct gad_train_tick){tick, arg}, anogan_step, t,
                           stats, d);
}

static void anogan_fill(struct gad_trainer *t, struct gad_checkpoint *c)
{
    const struct gad_anogan *g = &t->net;
    const gad_real *theta = t->opt.ema > 0 ? g->params.average : g->params.value;
    struct gad_train_export *e = &t->export;

    e->n_nets = e->n_layers = 0;
    gad_train_export_net(e, "generator", theta, 1, (const struct gad_net *[]){&g->generator});
    gad_train_export_net(e, "disc", theta, 2,
                         (const struct gad_net *[]){&g->disc_f, &g->disc_logit});
    c->model = gad_anogan_trainer.name;
    c->nets = e->net;
    c->n_nets = e->n_nets;
    c->score.kind = scores[t->score];
    c->score.weight = (float)t->opt.score_weight;
    c->score.degree = t->opt.score_degree;
    c->score.search = (struct gad_ckpt_search){.steps = t->opt.search_steps,
                                               .tolerance = (float)t->opt.search_tolerance,
                                               .seed = t->opt.seed,
                                               .n_phases = t->n_phases,
                                               .phases = t->phase};
}

static size_t anogan_state(struct gad_trainer *t,
                           struct gad_train_block block[static GAD_TRAIN_BLOCKS_MAX])
{
    size_t n = gad_train_state(&t->net.params, &t->pass, block);

    block[n++] = (struct gad_train_block){&t->adam_d, sizeof(t->adam_d)};
    block[n++] = (struct gad_train_block){&t->adam_g, sizeof(t->adam_g)};
    block[n++] = (struct gad_train_block){&t->latent, sizeof(t->latent)};
    block[n++] = (struct gad_train_block){&t->dropout, sizeof(t->dropout)};
    return n;
}

const struct gad_trainer_ops gad_anogan_trainer = {
    .name = "anogan",
    .summary = "AnoGAN: score weight, steps and tolerance of the latent search",
    .defaults = anogan_defaults,
    .create = anogan_create,
    .free = anogan_free,
    .epoch = anogan_epoch,
    .fill = anogan_fill,
    .state = anogan_state,
};
