/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "lib/base/rng.h"
#include "lib/checkpoint/checkpoint.h"
#include "models/anogan_impl.h"
#include "models/registry.h"

/*
 * AnoGAN (Schlegl et al. 2017, arXiv 1703.05921) as Zenati et al. 2018 have it for KDD99: there is no encoder,
 * so for each record x the latent vector is searched whose G(z) comes closest, by Adam on z alone, of
 *
 *     loss(z) = (1 - w) |x - G(z)|_1 + w L_D(z)
 *     "fm"        L_D = |f(x) - f(G(z))|_1, f the discriminator's last hidden layer
 *     "cross-e"   L_D = softplus(-D(G(z)))
 *
 * The score is loss(z*), z* being z after the last step, and the reconstruction G(z*). The published program
 * draws a start for each row of a batch; here there is one start for all records, drawn from the checkpoint's
 * seed, and a record's z and moments are its own, so that its score does not depend on its batch.
 *
 * Conditional, on the group y of a column: G(z, y) and D(x, y), y standing still while z is searched
 * (models/condition.h).
 */

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
        return gad_fail(d, GAD_EMISMATCH, "the checkpoint does not say how to search");
    m->steps = s->steps;
    m->tolerance = s->tolerance;
    m->n_phases = s->n_phases;
    memcpy(m->phase, s->phases, s->n_phases * sizeof(*s->phases));
    return 0;
}

/* N(0, 1), drawn again where it is 2 or more from 0. */
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
    gad_anogan_search(m, n, x, ws, score, NULL);
}

static void anogan_reconstruct(const struct gad_model *m, size_t n, const float *x, float *ws,
                               float *xhat)
{
    gad_anogan_search(m, n, x, ws, NULL, xhat);
}

const struct gad_model_ops gad_anogan = {
    .name = "anogan",
    .summary = "AnoGAN: generator and discriminator, latent search for each record; scores fm, "
               "cross-e",
    .load = anogan_load,
    .free = anogan_free,
    .workspace = gad_anogan_workspace,
    .steps = anogan_steps,
    .score = anogan_score,
    .reconstruct = anogan_reconstruct,
};
