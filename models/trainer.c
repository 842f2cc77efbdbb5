/* SPDX-License-Identifier: Apache-2.0 */
#include "models/trainer.h"

#include <assert.h>
#include <string.h>

#include "lib/base/diag.h"
#include "models/trainer_impl.h"

static_assert((int)GAD_LINEAR == (int)GAD_CKPT_LINEAR && (int)GAD_RELU == (int)GAD_CKPT_RELU &&
                  (int)GAD_LEAKY_RELU == (int)GAD_CKPT_LEAKY_RELU &&
                  (int)GAD_SIGMOID == (int)GAD_CKPT_SIGMOID &&
                  (int)GAD_TANH == (int)GAD_CKPT_TANH && (int)GAD_N_ACTS == (int)GAD_CKPT_N_ACTS,
              "activations are numbered as in a checkpoint");

/* Streams of a seed. */
enum { STREAM_INIT, STREAM_ORDER, STREAM_LATENT, STREAM_DROPOUT };

static const struct gad_trainer_ops *const trainers[] = {&gad_egbad_trainer, &gad_ganomaly_trainer,
                                                         &gad_anogan_trainer};

const struct gad_trainer_ops *gad_trainer_at(size_t i)
{
    return i < sizeof(trainers) / sizeof(trainers[0]) ? trainers[i] : NULL;
}

const struct gad_trainer_ops *gad_trainer_find(const char *name)
{
    for (size_t i = 0; i < sizeof(trainers) / sizeof(trainers[0]); i++)
        if (strcmp(trainers[i]->name, name) == 0)
            return trainers[i];
    return NULL;
}

static int check_score(const struct gad_train_method *m, const char *score, size_t *ret,
                       struct gad_diag *d)
{
    size_t i = 0;

    while (score && i < m->n_scores && strcmp(score, m->scores[i]) != 0)
        i++;
    if (i == m->n_scores)
        return gad_fail(d, GAD_EINVAL, "score '%s' is not one that this model has", score);
    *ret = i;
    return 0;
}

/* Checks the options that all models have; @ret_score: index of the score that the options name. */
static int check(const struct gad_train_method *m, const struct gad_train_options *o, size_t dim,
                 size_t *ret_score, struct gad_diag *d)
{
    const struct {
        const char *name;
        double v, least, below;
    } ranges[] = {
        {"learning rate", o->learning_rate, DBL_MIN, 1e3},
        {"beta1", o->beta1, 0, 1},
        {"beta2", o->beta2, 0, 1},
        {"decay of the average", o->ema, 0, 1},
        {"residual weight", o->residual, 0, 1e6},
        {"adversarial weight", o->w_adversarial, 0, 1e6},
        {"contextual weight", o->w_contextual, 0, 1e6},
        {"encoder weight", o->w_encoder, 0, 1e6},
        {"score weight", o->score_weight, 0, nextafter(1, 2)},
    };

    if (dim == 0 || dim > GAD_CKPT_DIM_MAX)
        return gad_fail(d, GAD_EINVAL, "%zu elements in a row, not 1 to %d", dim, GAD_CKPT_DIM_MAX);
    if (o->condition.n > dim || o->condition.first > dim - o->condition.n)
        return gad_fail(d, GAD_EINVAL, "the condition ends beyond the %zu elements of a row", dim);
    if (o->batch == 0 || o->batch > 65536)
        return gad_fail(d, GAD_EINVAL, "batch of %zu rows, not 1 to 65536", o->batch);
    if (o->score_degree != 1 && o->score_degree != 2)
        return gad_fail(d, GAD_EINVAL, "score degree %u is not 1 or 2", o->score_degree);
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (!(ranges[i].v >= ranges[i].least && ranges[i].v < ranges[i].below))
            return gad_fail(d, GAD_EINVAL, "%s %g is out of range", ranges[i].name, ranges[i].v);
    return check_score(m, o->score, ret_score, d);
}

void gad_trainer_free(struct gad_trainer *t)
{
    if (!t)
        return;
    for (size_t k = 0; k < GAD_TRAIN_ORDERS_MAX; k++)
        gad_free(t->order[k]);
    t->ops->method->deinit(t);
    gad_free(t);
}

/* Xavier weights, and averages that begin as these. */
static void init_weights(struct gad_trainer *t)
{
    struct gad_params *p = t->params;

    gad_init_xavier(p, (struct gad_range){0, p->size}, &t->init);
    memcpy(p->average, p->value, p->size * sizeof(*p->value));
}

int gad_trainer_new(const struct gad_trainer_ops *ops, const struct gad_train_options *o,
                    size_t dim, struct gad_trainer **ret, struct gad_diag *d)
{
    const struct gad_train_method *m = ops->method;
    size_t score;
    int r = check(m, o, dim, &score, d);

    if (r)
        return r;
    gad_cleanup(gad_trainer_freep) struct gad_trainer *t = gad_calloc(1, m->size);
    if (!t)
        return GAD_ENOMEM;
    t->ops = ops;
    t->opt = *o;
    t->score = score;
    t->adam_d = t->adam_g = t->adam_e =
        gad_adam_init(m->adam, o->learning_rate, o->beta1, o->beta2);
    t->init = gad_rng_init(o->seed, STREAM_INIT);
    t->orders = gad_rng_init(o->seed, STREAM_ORDER);
    t->latent = gad_rng_init(o->seed, STREAM_LATENT);
    t->dropout = gad_dropout_rng_init(o->seed, STREAM_DROPOUT);
    r = m->init(t, dim, d);
    if (r)
        return r;
    init_weights(t);
    *ret = gad_steal(&t);
    return 0;
}

size_t gad_trainer_state(struct gad_trainer *t,
                         struct gad_train_block block[static GAD_TRAIN_BLOCKS_MAX])
{
    const struct gad_params *p = t->params;
    size_t plane = p->size * sizeof(*p->value), n = 0;
    const struct gad_train_block all[] = {
        {p->value, plane},
        {p->m, plane},
        {p->v, plane},
        {p->average, plane},
        {&t->orders, sizeof(t->orders)},
        {&t->adam_d, sizeof(t->adam_d)},
        {&t->adam_g, sizeof(t->adam_g)},
        {&t->adam_e, sizeof(t->adam_e)},
        {&t->init, sizeof(t->init)},
        {&t->latent, sizeof(t->latent)},
        {&t->dropout, sizeof(t->dropout)},
    };

    for (; n < sizeof(all) / sizeof(all[0]); n++)
        block[n] = all[n];
    return n;
}

static int draw_orders(struct gad_trainer *t)
{
    for (size_t k = 0; k < t->ops->method->n_orders; k++) {
        uint32_t *a = gad_realloc_array(t->order[k], t->n, sizeof(*a));

        if (!a)
            return GAD_ENOMEM;
        t->order[k] = a;
        for (uint32_t i = 0; i < t->n; i++)
            a[i] = i;
        gad_rng_shuffle(&t->orders, t->n, a);
    }
    return 0;
}

void gad_train_gather(const struct gad_trainer *t, size_t k, size_t at, struct gad_mat to)
{
    const uint32_t *row = t->order[k] + at;
    bool more = t->n - at >= 2 * to.rows;

    for (size_t i = 0; i < to.rows; i++) {
        memcpy(gad_mat_row(to, i), t->x + row[i] * t->ld, to.cols * sizeof(*t->x));
        if (!more)
            continue;
        const float *next = t->x + row[to.rows + i] * t->ld;
        for (size_t j = 0; j < to.cols; j += 64 / sizeof(*next))
            __builtin_prefetch(next + j, 0, 1);
    }
}

void gad_train_draw(struct gad_trainer *t, struct gad_mat z)
{
    for (size_t i = 0; i < z.rows; i++)
        gad_rng_normal(&t->latent, z.cols, gad_mat_row(z, i));
}

/* Steps between ticks: a few hundredths of a second. */
enum { TICK_STEPS = 16 };

static int run_steps(struct gad_trainer *t, bool (*tick)(void *arg, size_t rows), void *arg,
                     struct gad_epoch_stats *sum, struct gad_diag *d)
{
    size_t batch = t->opt.batch;

    for (size_t at = 0; t->n - at >= batch; at += batch) {
        struct gad_epoch_stats loss = {0};

        t->ops->method->step(t, at, &loss);
        if (!isfinite(loss.loss_d) || !isfinite(loss.loss_g) || !isfinite(loss.loss_e))
            return gad_fail(d, GAD_EMISMATCH,
                            "training diverged in step %llu: losses discriminator %g, generator "
                            "%g, encoder %g",
                            (unsigned long long)sum->steps + 1, loss.loss_d, loss.loss_g,
                            loss.loss_e);
        sum->steps++;
        sum->loss_d += loss.loss_d;
        sum->loss_g += loss.loss_g;
        sum->loss_e += loss.loss_e;
        if (tick && sum->steps % TICK_STEPS == 0 && !tick(arg, at + batch))
            return GAD_END;
    }
    return 0;
}

int gad_trainer_epoch(struct gad_trainer *t, size_t n, const float *x, size_t ld,
                      bool (*tick)(void *arg, size_t rows), void *arg,
                      struct gad_epoch_stats *stats, struct gad_diag *d)
{
    struct gad_epoch_stats sum = {0};
    int r;

    if (n < t->opt.batch)
        return gad_fail(d, GAD_EINVAL, "%zu rows are less than one batch of %zu", n, t->opt.batch);
    if (n > UINT32_MAX)
        return gad_fail(d, GAD_ELIMIT, "%zu rows are more than 2^32", n);
    t->n = n;
    t->x = x;
    t->ld = ld;
    r = draw_orders(t);
    if (r)
        return r;
    r = run_steps(t, tick, arg, &sum, d);
    if (sum.steps > 0) {
        sum.loss_d /= (double)sum.steps;
        sum.loss_g /= (double)sum.steps;
        sum.loss_e /= (double)sum.steps;
    }
    *stats = sum;
    return r;
}

void gad_train_update(struct gad_trainer *t, struct gad_adam *adam, struct gad_range r)
{
    struct gad_params *p = t->params;

    gad_adam_step(adam, r.n, p->value + r.at, p->grad + r.at, p->m + r.at, p->v + r.at);
    if (t->opt.ema > 0)
        gad_ema_step(t->opt.ema_ramp ? gad_ema_ramp(t->opt.ema, adam->steps) : t->opt.ema, r.n,
                     p->average + r.at, p->value + r.at);
}

void gad_trainer_fill(struct gad_trainer *t, struct gad_checkpoint *c)
{
    t->n_nets = t->n_layers = 0;
    c->model = t->ops->name;
    c->score.kind = t->ops->method->scores[t->score];
    c->score.weight = (float)t->opt.score_weight;
    c->score.degree = t->opt.score_degree;
    t->ops->method->fill(t, c);
    c->nets = t->net;
    c->n_nets = t->n_nets;
}

static void export_layers(struct gad_trainer *t, const struct gad_net *from,
                          struct gad_ckpt_net *to)
{
    const gad_real *theta = t->opt.ema > 0 ? t->params->average : t->params->value;

    for (size_t i = 0; i < from->n_layers; i++) {
        const struct gad_net_layer *l = &from->layer[i];

        gad_assert(t->n_layers < GAD_EXPORT_LAYERS_MAX && l->spec.kind == GAD_DENSE);
        t->layer[t->n_layers++] = (struct gad_ckpt_layer){.kind = GAD_CKPT_DENSE,
                                                          .act = (enum gad_ckpt_act)l->spec.act,
                                                          .in = (uint32_t)l->spec.in,
                                                          .out = (uint32_t)l->spec.out,
                                                          .slope = l->spec.slope,
                                                          .dropout = (float)l->spec.dropout,
                                                          .weight = theta + l->tensor[0],
                                                          .bias = theta + l->tensor[1]};
        to->n_layers++;
    }
}

void gad_train_export(struct gad_trainer *t, const char *name, const struct gad_net *first,
                      const struct gad_net *second)
{
    gad_assert(t->n_nets < GAD_EXPORT_NETS_MAX);
    struct gad_ckpt_net *net = &t->net[t->n_nets++];

    *net = (struct gad_ckpt_net){.name = name, .layers = &t->layer[t->n_layers]};
    export_layers(t, first, net);
    if (second)
        export_layers(t, second, net);
}
