/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "lib/checkpoint/checkpoint.h"
#include "models/chain.h"
#include "models/joint.h"
#include "models/model.h"
#include "models/scratch.h"
#include "models/whiten.h"

/*
 * GANomaly (Akcay et al. 2018, arXiv 1805.06725) with dense layers: encoder, decoder, second
 * encoder.
 *
 *     z = E(x)    x' = G(z)    z' = E'(x')
 *     "enc"  A = mean over the latent of (z - z')^2, as in their code; the paper has an L1 norm
 *     "rec"  A = mean over the elements of |x - x'|
 *     "joint"  of all hidden activations and x - x', see models/joint.h
 *     "whitened"  of x - x' and z - z', see models/whiten.h; only of older checkpoints
 *
 * A linear last layer of the decoder and the first layer of the second encoder are one linear map.
 * "enc" runs them folded into one layer, so x' is never computed.
 */

enum score_kind { SCORE_ENC, SCORE_REC, SCORE_JOINT, SCORE_WHITENED, N_SCORES };

static const char *const score_names[N_SCORES] = {"enc", "rec", "joint", "whitened"};

struct gad_model {
    const struct gad_kernel *kernel;
    struct gad_chain encoder, decoder, encoder2;
    struct gad_layer folded; /* decoder's last and encoder2's first, if that last is linear */
    struct gad_joint_layout layout;
    struct gad_joint joint;   /* empty but for the score "joint" */
    struct gad_whiten whiten; /* empty but for the score "whitened" */
    enum score_kind kind;
    bool fold;
    size_t dim;
};

static void ganomaly_free(struct gad_model *m)
{
    if (!m)
        return;
    gad_chain_deinit(&m->encoder);
    gad_chain_deinit(&m->decoder);
    gad_chain_deinit(&m->encoder2);
    gad_layer_deinit(&m->folded);
    gad_joint_deinit(&m->joint);
    gad_whiten_deinit(&m->whiten);
    gad_free(m);
}
GAD_DEFINE_CLEANUP(struct gad_model, ganomaly_free);

static int fold(struct gad_model *m)
{
    const struct gad_layer *last = &m->decoder.layer[m->decoder.n_layers - 1];

    m->fold = last->w.slope == 1.0f && m->decoder.n_layers > 1 && m->encoder2.n_layers > 1;
    return m->fold ? gad_layer_fold(last, &m->encoder2.layer[0], &m->folded) : 0;
}

static void lay_out_joint(struct gad_model *m)
{
    gad_joint_add_hidden(&m->layout, &m->encoder);
    gad_joint_add_hidden(&m->layout, &m->decoder);
    gad_joint_add_hidden(&m->layout, &m->encoder2);
    gad_joint_add(&m->layout, m->dim);
}

static int ganomaly_load(const struct gad_checkpoint *c, struct gad_model **ret, struct gad_diag *d)
{
    gad_cleanup(ganomaly_freep) struct gad_model *m = gad_calloc(1, sizeof(*m));
    if (!m)
        return GAD_ENOMEM;

    m->kernel = gad_kernel_best();
    m->dim = c->scaler.dim;
    int kind = 0;
    while (kind < N_SCORES && strcmp(c->score.kind, score_names[kind]) != 0)
        kind++;
    if (kind == N_SCORES)
        return gad_fail(d, GAD_EUNKNOWN, "score '%s' is not one of enc, rec, joint, whitened",
                        c->score.kind);
    m->kind = (enum score_kind)kind;
    int r = gad_chain_load(c, "encoder", m->dim, 0, &m->encoder, d);
    if (r == 0)
        r = gad_chain_load(c, "decoder", gad_chain_out(&m->encoder), m->dim, &m->decoder, d);
    if (r == 0)
        r = gad_chain_load(c, "encoder2", m->dim, gad_chain_out(&m->encoder), &m->encoder2, d);
    if (r != 0)
        return r;
    lay_out_joint(m);
    if (m->kind == SCORE_JOINT)
        r = gad_joint_load(c, &m->layout, &m->joint, d);
    if (m->kind == SCORE_WHITENED)
        r = gad_whiten_load(c, m->dim, gad_chain_out(&m->encoder), &m->whiten, d);
    if (r == 0)
        r = fold(m);
    if (r == 0)
        *ret = gad_steal(&m);
    return r;
}

static size_t width(const struct gad_model *m)
{
    size_t w = gad_chain_width(&m->encoder), v = gad_chain_width(&m->decoder),
           u = gad_chain_width(&m->encoder2);
    v = v > u ? v : u;
    return w > v ? w : v;
}

struct parts {
    struct gad_kernel_rows rows;
    float *tmp[2], *z, *zhat, *xhat;
    float *v, *u; /* of the score "joint" */
    struct gad_whiten_parts whiten;
};

static struct parts lay_out(const struct gad_model *m, size_t n, const float *x,
                            struct gad_scratch *ws)
{
    size_t w = width(m);

    struct parts s = {
        .tmp = {gad_scratch_take(ws, n, w), gad_scratch_take(ws, n, w)},
        .z = gad_scratch_take(ws, n, w),
        .zhat = gad_scratch_take(ws, n, w),
        .xhat = gad_scratch_take(ws, n, w),
        .rows = gad_scratch_index(ws, m->kernel, n, x, gad_ld(m->dim)),
        .v = gad_scratch_take(ws, n, m->layout.ld),
        .u = gad_scratch_take(ws, n, m->joint.ld),
    };
    if (m->kind == SCORE_WHITENED)
        s.whiten = gad_whiten_lay_out(&m->whiten, n, ws);
    return s;
}

static size_t ganomaly_workspace(const struct gad_model *m, size_t n)
{
    struct gad_scratch ws = {0};

    (void)lay_out(m, n, NULL, &ws);
    return ws.used;
}

static void reconstruct(const struct gad_model *m, size_t n, const struct parts *s, float *xhat)
{
    const struct gad_kernel *k = m->kernel;
    size_t ldz = gad_ld(gad_chain_out(&m->encoder));

    gad_chain_forward(&m->encoder, k, 0, m->encoder.n_layers, n, NULL, 0, &s->rows, s->tmp, s->z);
    gad_chain_forward(&m->decoder, k, 0, m->decoder.n_layers, n, s->z, ldz, NULL, s->tmp, xhat);
}

static void ganomaly_reconstruct(const struct gad_model *m, size_t n, const float *x, float *ws,
                                 float *xhat)
{
    struct parts s = lay_out(m, n, x, &(struct gad_scratch){.base = ws});
    reconstruct(m, n, &s, xhat);
}

/* z and z', with the folded layer. */
static void encode_twice_folded(const struct gad_model *m, size_t n, const struct parts *s)
{
    const struct gad_kernel *k = m->kernel;
    const struct gad_chain *dec = &m->decoder, *enc2 = &m->encoder2;
    size_t ldz = gad_ld(gad_chain_out(&m->encoder)), ld = dec->layer[dec->n_layers - 2].w.out;

    gad_chain_forward(&m->encoder, k, 0, m->encoder.n_layers, n, NULL, 0, &s->rows, s->tmp, s->z);
    gad_chain_forward(dec, k, 0, dec->n_layers - 1, n, s->z, ldz, NULL, s->tmp, s->xhat);
    gad_layer_forward(&m->folded, k, n, s->xhat, ld, s->tmp[0]); /* as after layer 0 */
    gad_chain_forward(enc2, k, 1, enc2->n_layers, n, s->tmp[0], m->folded.w.out, NULL, s->tmp,
                      s->zhat);
}

static void encode_twice(const struct gad_model *m, size_t n, const struct parts *s)
{
    reconstruct(m, n, s, s->xhat);
    gad_chain_forward(&m->encoder2, m->kernel, 0, m->encoder2.n_layers, n, s->xhat, gad_ld(m->dim),
                      NULL, s->tmp, s->zhat);
}

/* v, with all networks. */
static void run_all(const struct gad_model *m, size_t n, const struct parts *s)
{
    const struct gad_kernel *k = m->kernel;
    size_t ld = m->layout.ld, ldz = gad_ld(gad_chain_out(&m->encoder));
    float *in_decoder = s->v + gad_joint_hidden_width(&m->encoder),
          *in_encoder2 = in_decoder + gad_joint_hidden_width(&m->decoder);

    gad_chain_forward_kept(&m->encoder, k, 0, n, NULL, 0, &s->rows, s->v, ld, s->z);
    gad_chain_forward_kept(&m->decoder, k, 0, n, s->z, ldz, NULL, in_decoder, ld, s->xhat);
    gad_chain_forward_kept(&m->encoder2, k, 0, n, s->xhat, gad_ld(m->dim), NULL, in_encoder2, ld,
                           s->zhat);
    gad_joint_difference(&m->layout, n, s->rows.x, s->xhat, s->v);
}

static const float *ganomaly_joint(const struct gad_model *m, size_t n, const float *x, float *ws)
{
    struct parts s = lay_out(m, n, x, &(struct gad_scratch){.base = ws});
    run_all(m, n, &s);
    return s.v;
}

static const struct gad_joint_layout *ganomaly_joint_layout(const struct gad_model *m)
{
    return &m->layout;
}

static struct gad_errors compare(const struct gad_model *m, size_t n, const struct parts *s)
{
    encode_twice(m, n, s);
    return (struct gad_errors){
        .xhat = s->xhat, .e = s->z, .ehat = s->zhat, .n_e = gad_chain_out(&m->encoder)};
}

static void scale(size_t n, float by, float *score)
{
    for (size_t i = 0; i < n; i++)
        score[i] *= by;
}

static void ganomaly_score(const struct gad_model *m, size_t n, const float *x, float *ws,
                           float *score)
{
    struct parts s = lay_out(m, n, x, &(struct gad_scratch){.base = ws});
    size_t latent = gad_chain_out(&m->encoder);
    struct gad_errors e;

    switch (m->kind) {
    case SCORE_REC:
        reconstruct(m, n, &s, s.xhat);
        m->kernel->distance1(n, x, s.xhat, gad_ld(m->dim), score);
        scale(n, 1.0f / (float)m->dim, score);
        break;
    case SCORE_JOINT:
        run_all(m, n, &s);
        gad_joint_score(&m->joint, m->kernel, n, s.v, m->layout.ld, s.u, score);
        break;
    case SCORE_WHITENED:
        e = compare(m, n, &s);
        gad_whiten_score(&m->whiten, m->kernel, n, x, &e, &s.whiten, score);
        break;
    case SCORE_ENC:
    case N_SCORES:
        if (m->fold)
            encode_twice_folded(m, n, &s);
        else
            encode_twice(m, n, &s);
        m->kernel->distance2(n, s.z, s.zhat, gad_ld(latent), score);
        scale(n, 1.0f / (float)latent, score);
        break;
    }
}

const struct gad_model_ops gad_ganomaly = {
    .name = "ganomaly",
    .summary = "GANomaly: encoder, decoder, second encoder; scores enc, rec, joint, whitened",
    .load = ganomaly_load,
    .free = ganomaly_free,
    .workspace = ganomaly_workspace,
    .score = ganomaly_score,
    .reconstruct = ganomaly_reconstruct,
    .joint = ganomaly_joint,
    .joint_layout = ganomaly_joint_layout,
};
