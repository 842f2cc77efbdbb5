/* SPDX-License-Identifier: Apache-2.0 */
#include "models/train_loop.h"

#include <assert.h>
#include <string.h>

#include "lib/base/diag.h"

static_assert((int)GAD_LINEAR == (int)GAD_CKPT_LINEAR && (int)GAD_RELU == (int)GAD_CKPT_RELU &&
                  (int)GAD_LEAKY_RELU == (int)GAD_CKPT_LEAKY_RELU &&
                  (int)GAD_SIGMOID == (int)GAD_CKPT_SIGMOID &&
                  (int)GAD_TANH == (int)GAD_CKPT_TANH && (int)GAD_N_ACTS == (int)GAD_CKPT_N_ACTS,
              "activations are numbered as in a checkpoint");

static int check_score(const char *score, const char *const *name, size_t n, size_t *ret,
                       struct gad_diag *d)
{
    size_t i = 0;

    while (score && i < n && strcmp(score, name[i]) != 0)
        i++;
    if (i == n)
        return gad_fail(d, GAD_EINVAL, "score '%s' is not one that this model has", score);
    *ret = i;
    return 0;
}

int gad_train_check(const struct gad_train_options *o, size_t dim, const char *const *score,
                    size_t n_scores, size_t *ret_score, struct gad_diag *d)
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
        return gad_fail(d, GAD_EINVAL, "the condition ends behind the %zu elements of a row", dim);
    if (o->batch == 0 || o->batch > 65536)
        return gad_fail(d, GAD_EINVAL, "batch of %zu rows, not 1 to 65536", o->batch);
    if (o->score_degree != 1 && o->score_degree != 2)
        return gad_fail(d, GAD_EINVAL, "score degree %u is not 1 or 2", o->score_degree);
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (!(ranges[i].v >= ranges[i].least && ranges[i].v < ranges[i].below))
            return gad_fail(d, GAD_EINVAL, "%s %g is out of range", ranges[i].name, ranges[i].v);
    return check_score(o->score, score, n_scores, ret_score, d);
}

void gad_train_begin(const struct gad_train_options *o, size_t n_orders, struct gad_rng *init,
                     struct gad_params *p, struct gad_train_pass *pass)
{
    *init = gad_rng_init(o->seed, GAD_STREAM_INIT);
    gad_init_xavier(p, (struct gad_range){0, p->size}, init);
    memcpy(p->average, p->value, p->size * sizeof(*p->value));
    *pass = (struct gad_train_pass){
        .batch = o->batch, .n_orders = n_orders, .rng = gad_rng_init(o->seed, GAD_STREAM_ORDER)};
}

void gad_train_pass_deinit(struct gad_train_pass *p)
{
    for (size_t k = 0; k < GAD_TRAIN_ORDERS_MAX; k++) {
        gad_free(p->order[k]);
        p->order[k] = NULL;
    }
}

size_t gad_train_state(struct gad_params *p, struct gad_train_pass *pass,
                       struct gad_train_block block[static GAD_TRAIN_BLOCKS_MAX])
{
    size_t len = p->size * sizeof(*p->value), n = 0;

    block[n++] = (struct gad_train_block){p->value, len};
    block[n++] = (struct gad_train_block){p->m, len};
    block[n++] = (struct gad_train_block){p->v, len};
    block[n++] = (struct gad_train_block){p->average, len};
    block[n++] = (struct gad_train_block){&pass->rng, sizeof(pass->rng)};
    return n;
}

static int draw_orders(struct gad_train_pass *p)
{
    for (size_t k = 0; k < p->n_orders; k++) {
        uint32_t *a = gad_realloc_array(p->order[k], p->n, sizeof(*a));

        if (!a)
            return GAD_ENOMEM;
        p->order[k] = a;
        for (uint32_t i = 0; i < p->n; i++)
            a[i] = i;
        gad_rng_shuffle(&p->rng, p->n, a);
    }
    return 0;
}

void gad_train_gather(const struct gad_train_pass *p, size_t k, size_t at, struct gad_mat to)
{
    const uint32_t *row = p->order[k] + at;
    bool more = p->n - at >= 2 * to.rows;

    for (size_t i = 0; i < to.rows; i++) {
        memcpy(gad_mat_row(to, i), p->x + row[i] * p->ld, to.cols * sizeof(*p->x));
        if (!more)
            continue;
        const float *next = p->x + row[to.rows + i] * p->ld;
        for (size_t j = 0; j < to.cols; j += 64 / sizeof(*next))
            __builtin_prefetch(next + j, 0, 1);
    }
}

/* Steps between ticks: a few hundredths of a second. */
enum { TICK_STEPS = 16 };

static int run(struct gad_train_pass *p, struct gad_train_tick tick,
               void (*step)(struct gad_trainer *t, size_t at, struct gad_epoch_stats *loss),
               struct gad_trainer *t, struct gad_epoch_stats *sum, struct gad_diag *d)
{
    for (size_t at = 0; p->n - at >= p->batch; at += p->batch) {
        struct gad_epoch_stats loss = {0};

        step(t, at, &loss);
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
        if (tick.call && sum->steps % TICK_STEPS == 0 && !tick.call(tick.arg, at + p->batch))
            return GAD_END;
    }
    return 0;
}

int gad_train_epoch(struct gad_train_pass *p, size_t n, const float *x, size_t ld,
                    struct gad_train_tick tick,
                    void (*step)(struct gad_trainer *t, size_t at, struct gad_epoch_stats *loss),
                    struct gad_trainer *t, struct gad_epoch_stats *stats, struct gad_diag *d)
{
    struct gad_epoch_stats sum = {0};
    int r;

    p->n = n;
    p->x = x;
    p->ld = ld;
    if (p->n < p->batch)
        return gad_fail(d, GAD_EINVAL, "%zu rows are less than one batch of %zu", p->n, p->batch);
    if (p->n > UINT32_MAX)
        return gad_fail(d, GAD_ELIMIT, "%zu rows are more than 2^32", p->n);
    r = draw_orders(p);
    if (r)
        return r;
    r = run(p, tick, step, t, &sum, d);
    if (sum.steps > 0) {
        sum.loss_d /= (double)sum.steps;
        sum.loss_g /= (double)sum.steps;
        sum.loss_e /= (double)sum.steps;
    }
    *stats = sum;
    return r;
}

void gad_train_update(struct gad_params *p, struct gad_adam *adam, struct gad_range r, double ema)
{
    gad_adam_step(adam, r.n, p->value + r.at, p->grad + r.at, p->m + r.at, p->v + r.at);
    if (ema > 0)
        gad_ema_step(ema, r.n, p->average + r.at, p->value + r.at);
}

void gad_train_export_net(struct gad_train_export *e, const char *name, const gad_real *theta,
                          size_t n, const struct gad_net *const *part)
{
    struct gad_ckpt_net *net = &e->net[e->n_nets++];

    gad_assert(e->n_nets <= GAD_EXPORT_NETS_MAX);
    *net = (struct gad_ckpt_net){.name = name, .layers = &e->layer[e->n_layers]};
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < part[k]->n_layers; i++) {
            const struct gad_net_layer *l = &part[k]->layer[i];

            gad_assert(e->n_layers < GAD_EXPORT_LAYERS_MAX && l->spec.kind == GAD_DENSE);
            e->layer[e->n_layers++] = (struct gad_ckpt_layer){.kind = GAD_CKPT_DENSE,
                                                              .act = (enum gad_ckpt_act)l->spec.act,
                                                              .in = (uint32_t)l->spec.in,
                                                              .out = (uint32_t)l->spec.out,
                                                              .slope = l->spec.slope,
                                                              .dropout = (float)l->spec.dropout,
                                                              .weight = theta + l->tensor[0],
                                                              .bias = theta + l->tensor[1]};
            net->n_layers++;
        }
}
