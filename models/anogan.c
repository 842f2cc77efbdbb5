/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "lib/base/rng.h"
#include "lib/checkpoint/checkpoint.h"
#include "lib/nn/adam.h"
#include "models/chain.h"
#include "models/condition.h"
#include "models/model.h"
#include "models/scratch.h"

/*
 * AnoGAN (Schlegl et al. 2017, arXiv 1703.05921) as Zenati et al. 2018 (arXiv 1802.06222) use it
 * for KDD99. It has no encoder. For each record x the model searches, by Adam on z alone, the
 * latent vector z with the lowest
 *
 *     loss(z) = (1 - w) |x - G(z)|_1 + w L_D(z)
 *     "fm"        L_D = |f(x) - f(G(z))|_1, f the discriminator's last hidden layer
 *     "cross-e"   L_D = softplus(-D(G(z)))
 *
 * The score is loss(z*), z* being z after the last step, and the reconstruction is G(z*). The
 * published program draws a start for each row of a batch. Here all records have one start, drawn
 * from the checkpoint's seed, and each record has its own z and moments, so its score does not
 * depend on its batch.
 *
 * Conditional, on the one-hot group y of a column: G(z, y) and D(x, y). y is constant during the
 * search (models/condition.h).
 *
 * The search runs many records at once. A step is one pass forward through G and D and one back to
 * z, by the kernels: transposed weights for the products, and derivatives of the activations from
 * their outputs. With a tolerance, a record's search ends at the first multiple of WINDOW steps at
 * which the last WINDOW steps lowered its loss by less than that share. The others continue without
 * it.
 */

enum { WINDOW = 25 };

enum score_kind { SCORE_FM, SCORE_CROSS_E };

struct gad_model {
    const struct gad_kernel *kernel;
    struct gad_conditional generator, disc;
    struct gad_layer generator_back[GAD_CHAIN_LAYERS_MAX], disc_back[GAD_CHAIN_LAYERS_MAX];
    float *start; /* (latent) */
    enum score_kind kind;
    float weight;
    size_t dim, latent; /* latent padded */
    uint32_t steps;
    float tolerance;
    size_t n_phases;
    struct gad_ckpt_phase phase[GAD_CKPT_SEARCH_PHASES_MAX];
};

/* A search under way, of the n records whose search has not ended. The members up to the empty line
 * keep their values from step to step; each step computes the others again. */
struct search {
    size_t n;
    float *x, *fx, *z, *m, *v;               /* fx: f(x); m, v: Adam's moments of z */
    float *given_g, *given_d;                /* what y adds to the first layers of G and D */
    float *before, *loss;                    /* (n): WINDOW steps ago, and now */
    uint32_t *row;                           /* (n): index among the caller's rows */
    struct gad_kernel_init start_g, start_d; /* of those layers */

    float *g[GAD_CHAIN_LAYERS_MAX], *d[GAD_CHAIN_LAYERS_MAX]; /* outputs of all layers */
    float *back[2]; /* gradients of one layer and the next */
};

static size_t f_layer(const struct gad_model *m)
{
    return m->disc.chain.n_layers - 2;
}

static size_t f_width(const struct gad_model *m)
{
    return m->disc.chain.layer[f_layer(m)].w.out;
}

/* Width of what y adds to a first layer; 0 if the model is not conditional. */
static size_t given_width(const struct gad_conditional *net)
{
    return net->y.in > 0 ? net->y.out : 0;
}

static void lay_out(const struct gad_model *m, size_t n, struct gad_scratch *ws, struct search *s)
{
    size_t ld = gad_ld(m->dim), wide = gad_chain_width(&m->generator.chain),
           wide_d = gad_chain_width(&m->disc.chain);

    *s = (struct search){.n = n};
    s->x = gad_scratch_take(ws, n, ld);
    s->fx = gad_scratch_take(ws, n, f_width(m));
    s->z = gad_scratch_take(ws, n, m->latent);
    s->m = gad_scratch_take(ws, n, m->latent);
    s->v = gad_scratch_take(ws, n, m->latent);
    s->given_g = gad_scratch_take(ws, n, given_width(&m->generator));
    s->given_d = gad_scratch_take(ws, n, given_width(&m->disc));
    s->before = gad_scratch_take(ws, n, 1);
    s->loss = gad_scratch_take(ws, n, 1);
    s->row = (uint32_t *)(void *)gad_scratch_take(ws, n, 1);
    for (size_t i = 0; i < m->generator.chain.n_layers; i++)
        s->g[i] = gad_scratch_take(ws, n, m->generator.chain.layer[i].w.out);
    for (size_t i = 0; i < m->disc.chain.n_layers; i++)
        s->d[i] = gad_scratch_take(ws, n, m->disc.chain.layer[i].w.out);
    wide = wide > wide_d ? wide : wide_d;
    wide = wide > m->latent ? wide : m->latent;
    s->back[0] = gad_scratch_take(ws, n, wide);
    s->back[1] = gad_scratch_take(ws, n, wide);
}

static size_t anogan_workspace(const struct gad_model *m, size_t n)
{
    struct gad_scratch ws = {0};
    struct search s;

    lay_out(m, n, &ws, &s);
    return ws.used;
}

/* Outputs y[i] (n, padded out) of the layers 0 .. last. */
static void outputs(const struct gad_chain *c, const struct gad_kernel *k,
                    struct gad_kernel_init start, size_t last, size_t n, const float *x, size_t ld,
                    float *const *y)
{
    k->dense(n, x, ld, &c->layer[0].w, start, y[0], c->layer[0].w.out);
    for (size_t i = 1; i <= last; i++)
        gad_layer_forward(&c->layer[i], k, n, y[i - 1], c->layer[i - 1].w.out, y[i]);
}

static void begin(const struct gad_model *m, size_t n, const float *x, struct search *s)
{
    memcpy(s->x, x, n * gad_ld(m->dim) * sizeof(*x));
    memset(s->m, 0, n * m->latent * sizeof(*s->m));
    memset(s->v, 0, n * m->latent * sizeof(*s->v));
    for (size_t i = 0; i < n; i++) {
        memcpy(s->z + i * m->latent, m->start, m->latent * sizeof(*s->z));
        s->row[i] = (uint32_t)i;
    }
    s->start_g = gad_conditional_start(&m->generator, m->kernel, n, x, gad_ld(m->dim), s->given_g);
    s->start_d = gad_conditional_start(&m->disc, m->kernel, n, x, gad_ld(m->dim), s->given_d);
    if (m->kind == SCORE_CROSS_E)
        return;
    outputs(&m->disc.chain, m->kernel, s->start_d, f_layer(m), n, s->x, gad_ld(m->dim), s->d);
    memcpy(s->fx, s->d[f_layer(m)], n * f_width(m) * sizeof(*s->fx));
}

static float *generated(const struct gad_model *m, const struct search *s)
{
    return s->g[m->generator.chain.n_layers - 1];
}

static void forward(const struct gad_model *m, struct search *s)
{
    outputs(&m->generator.chain, m->kernel, s->start_g, m->generator.chain.n_layers - 1, s->n, s->z,
            m->latent, s->g);
    outputs(&m->disc.chain, m->kernel, s->start_d, f_layer(m) + (m->kind == SCORE_CROSS_E), s->n,
            generated(m, s), gad_ld(m->dim), s->d);
}

static float logit(const struct gad_model *m, const struct search *s, size_t i)
{
    size_t last = m->disc.chain.n_layers - 1;
    return s->d[last][i * m->disc.chain.layer[last].w.out];
}

/* s->loss at the z of the last forward(). */
static void measure(const struct gad_model *m, struct search *s)
{
    float *judged = s->back[0];

    m->kernel->distance1(s->n, s->x, generated(m, s), gad_ld(m->dim), s->loss);
    if (m->kind == SCORE_FM)
        m->kernel->distance1(s->n, s->fx, s->d[f_layer(m)], f_width(m), judged);
    for (size_t i = 0; m->kind == SCORE_CROSS_E && i < s->n; i++) {
        float l = logit(m, s, i);
        judged[i] = fmaxf(0.0f, -l) + log1pf(expf(-fabsf(l))); /* softplus(-l) */
    }
    for (size_t i = 0; i < s->n; i++)
        s->loss[i] = (1.0f - m->weight) * s->loss[i] + m->weight * judged[i];
}

/* Writes the gradient of w L_D by the outputs of the layer that L_D uses. Returns that layer. */
static size_t begin_backward(const struct gad_model *m, const struct search *s, float *to)
{
    size_t last = m->disc.chain.n_layers - 1, ld = m->disc.chain.layer[last].w.out;

    if (m->kind == SCORE_FM) {
        m->kernel->sign(s->n * f_width(m), s->d[last - 1], s->fx, m->weight, to);
        return last - 1;
    }
    memset(to, 0, s->n * ld * sizeof(*to));
    for (size_t i = 0; i < s->n; i++)
        to[i * ld] = -m->weight / (1.0f + expf(logit(m, s, i)));
    return last;
}

/* Backward through one layer: *dy, the gradient by its outputs y, becomes that by its inputs
 * plus init. */
static void back(const struct gad_model *m, const struct search *s, const struct gad_layer *l,
                 const struct gad_layer *transposed, const float *y, struct gad_kernel_init init,
                 float **dy)
{
    float *to = *dy == s->back[0] ? s->back[1] : s->back[0];

    if (l->w.slope != 1.0f)
        m->kernel->leaky_back(s->n * l->w.out, y, l->w.slope, *dy);
    m->kernel->dense(s->n, *dy, l->w.out, &transposed->w, init, to, transposed->w.out);
    *dy = to;
}

/* The gradient of the loss by z. The gradient of the residual is added where that of the
 * discriminator reaches D's inputs: the accumulators of D's first layer start with it. It is
 * written over G's outputs, which are not used again. */
static const float *backward(const struct gad_model *m, struct search *s)
{
    size_t ld = gad_ld(m->dim);
    float *dy = s->back[0], *xhat = generated(m, s);
    size_t i = begin_backward(m, s, dy) + 1;

    m->kernel->sign(s->n * ld, xhat, s->x, 1.0f - m->weight, xhat);
    while (i-- > 0) {
        struct gad_kernel_init zero = {m->disc_back[i].bias, 0}, residual = {xhat, ld};
        back(m, s, &m->disc.chain.layer[i], &m->disc_back[i], s->d[i], i > 0 ? zero : residual,
             &dy);
    }
    for (i = m->generator.chain.n_layers; i-- > 0;)
        back(m, s, &m->generator.chain.layer[i], &m->generator_back[i], s->g[i],
             (struct gad_kernel_init){m->generator_back[i].bias, 0}, &dy);
    return dy;
}

static void deliver(const struct gad_model *m, const struct search *s, size_t i, float *score,
                    float *xhat)
{
    size_t ld = gad_ld(m->dim);

    if (score)
        score[s->row[i]] = s->loss[i];
    if (xhat)
        memcpy(xhat + s->row[i] * ld, generated(m, s) + i * ld, ld * sizeof(*xhat));
}

/* Record @from replaces record @to, whose search has ended. */
static void move(const struct gad_model *m, struct search *s, size_t from, size_t to)
{
    const struct {
        float *p;
        size_t ld;
    } kept[] = {{s->x, gad_ld(m->dim)},
                {s->fx, f_width(m)},
                {s->z, m->latent},
                {s->m, m->latent},
                {s->v, m->latent},
                {s->loss, 1},
                {s->given_g, given_width(&m->generator)},
                {s->given_d, given_width(&m->disc)}};

    for (size_t k = 0; from != to && k < sizeof(kept) / sizeof(kept[0]); k++)
        memcpy(kept[k].p + to * kept[k].ld, kept[k].p + from * kept[k].ld,
               kept[k].ld * sizeof(float));
    s->row[to] = s->row[from];
}

/* Delivers the records whose loss fell by less than the tolerance. Returns true if there were
 * any. */
static bool drop_finished(const struct gad_model *m, struct search *s, bool first, float *score,
                          float *xhat)
{
    size_t n = 0, before = s->n;

    for (size_t i = 0; i < s->n; i++) {
        if (first || s->before[i] - s->loss[i] >= m->tolerance * s->before[i])
            move(m, s, i, n++);
        else
            deliver(m, s, i, score, xhat);
    }
    s->n = n;
    memcpy(s->before, s->loss, n * sizeof(*s->loss));
    return n < before;
}

static double rate_at(const struct gad_model *m, uint32_t step)
{
    size_t i = m->n_phases - 1;
    while (m->phase[i].from > step)
        i--;
    return (double)m->phase[i].rate;
}

static void search(const struct gad_model *m, size_t n, const float *x, float *ws, float *score,
                   float *xhat)
{
    struct gad_adam adam = gad_adam_init(GAD_ADAM_TF1, 0, 0.9, 0.999);
    struct gad_scratch scratch = {.base = ws};
    struct search s;

    lay_out(m, n, &scratch, &s);
    begin(m, n, x, &s);
    for (uint32_t step = 0; step < m->steps && s.n > 0; step++) {
        forward(m, &s);
        if (m->tolerance > 0.0f && step % WINDOW == 0) {
            measure(m, &s);
            if (drop_finished(m, &s, step == 0, score, xhat))
                forward(m, &s); /* outputs of the rows that moved */
        }
        adam.lr = rate_at(m, step);
        gad_adam_step(&adam, s.n * m->latent, s.z, backward(m, &s), s.m, s.v);
    }
    forward(m, &s);
    measure(m, &s);
    for (size_t i = 0; i < s.n; i++)
        deliver(m, &s, i, score, xhat);
}

static void anogan_free(struct gad_model *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < GAD_CHAIN_LAYERS_MAX; i++) {
        gad_layer_deinit(&m->generator_back[i]);
        gad_layer_deinit(&m->disc_back[i]);
    }
    gad_conditional_deinit(&m->generator);
    gad_conditional_deinit(&m->disc);
    gad_free(m->start);
    gad_free(m);
}
GAD_DEFINE_CLEANUP(struct gad_model, anogan_free);

static int load_score(const struct gad_checkpoint *c, struct gad_model *m, struct gad_diag *d)
{
    bool fm = strcmp(c->score.kind, "fm") == 0;

    if (!fm && strcmp(c->score.kind, "cross-e") != 0)
        return gad_fail(d, GAD_EUNKNOWN, "score '%s' is not one of fm, cross-e", c->score.kind);
    if (!(c->score.weight >= 0.0f && c->score.weight <= 1.0f))
        return gad_fail(d, GAD_EMISMATCH, "score weight %g is not within 0 and 1",
                        (double)c->score.weight);
    if (c->score.degree != 1)
        return gad_fail(d, GAD_EMISMATCH, "score degree %u is not 1", c->score.degree);
    m->kind = fm ? SCORE_FM : SCORE_CROSS_E;
    m->weight = c->score.weight;
    return 0;
}

static int load_search(const struct gad_checkpoint *c, struct gad_model *m, struct gad_diag *d)
{
    const struct gad_ckpt_search *s = &c->score.search;

    if (s->steps == 0 || s->n_phases == 0 || s->n_phases > GAD_CKPT_SEARCH_PHASES_MAX)
        return gad_fail(d, GAD_EMISMATCH, "the checkpoint has no search settings");
    m->steps = s->steps;
    m->tolerance = s->tolerance;
    m->n_phases = s->n_phases;
    memcpy(m->phase, s->phases, s->n_phases * sizeof(*s->phases));
    return 0;
}

/* N(0, 1); values 2 or more from 0 are drawn again. */
static int draw_start(uint64_t seed, struct gad_model *m)
{
    struct gad_rng rng = gad_rng_init(seed, 0);

    m->start = gad_calloc_aligned(m->latent, sizeof(*m->start));
    if (!m->start)
        return GAD_ENOMEM;
    for (size_t j = 0; j < gad_chain_in(&m->generator.chain); j++)
        do
            gad_rng_normal(&rng, 1, &m->start[j]);
        while (fabsf(m->start[j]) >= 2.0f);
    return 0;
}

static int transpose(const struct gad_chain *c, struct gad_layer *back)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < c->n_layers; i++)
        r = gad_layer_transpose(&c->layer[i], &back[i]);
    return r;
}

static int anogan_load(const struct gad_checkpoint *c, struct gad_model **ret, struct gad_diag *d)
{
    gad_cleanup(anogan_freep) struct gad_model *m = gad_calloc(1, sizeof(*m));
    struct gad_condition y;
    if (!m)
        return GAD_ENOMEM;

    m->kernel = gad_kernel_best();
    m->dim = c->scaler.dim;
    int r = load_score(c, m, d);
    if (r == 0)
        r = load_search(c, m, d);
    if (r == 0)
        r = gad_checkpoint_condition(c, &y.first, &y.n, d);
    if (r == 0)
        r = gad_conditional_load(c, "generator", &y, 0, m->dim, &m->generator, d);
    if (r == 0)
        r = gad_conditional_load(c, "disc", &y, m->dim, 1, &m->disc, d);
    if (r == 0 && m->disc.chain.n_layers < 2)
        r = gad_fail(d, GAD_EMISMATCH, "net 'disc' has no hidden layer to take features from");
    if (r != 0)
        return r;
    m->latent = gad_ld(gad_chain_in(&m->generator.chain));
    r = draw_start(c->score.search.seed, m);
    if (r == 0)
        r = transpose(&m->generator.chain, m->generator_back);
    if (r == 0)
        r = transpose(&m->disc.chain, m->disc_back);
    if (r == 0)
        *ret = gad_steal(&m);
    return r;
}

static uint32_t anogan_steps(const struct gad_model *m)
{
    return m->steps;
}

static void anogan_score(const struct gad_model *m, size_t n, const float *x, float *ws,
                         float *score)
{
    search(m, n, x, ws, score, NULL);
}

static void anogan_reconstruct(const struct gad_model *m, size_t n, const float *x, float *ws,
                               float *xhat)
{
    search(m, n, x, ws, NULL, xhat);
}

const struct gad_model_ops gad_anogan = {
    .name = "anogan",
    .summary = "AnoGAN: generator and discriminator, latent search for each record; scores fm, "
               "cross-e",
    .load = anogan_load,
    .free = anogan_free,
    .workspace = anogan_workspace,
    .steps = anogan_steps,
    .score = anogan_score,
    .reconstruct = anogan_reconstruct,
};
