/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "lib/checkpoint/checkpoint.h"
#include "models/chain.h"
#include "models/condition.h"
#include "models/joint.h"
#include "models/model.h"
#include "models/scratch.h"
#include "models/whiten.h"

/*
 * EGBAD: the BiGAN of Zenati et al. 2018 (arXiv 1802.06222), scored with encoder, generator and
 * discriminator:
 *
 *     z = E(x)    x' = G(z)    L_R = |x - x'|_d    A = (1 - w) L_R + w L_D
 *     "fm"        L_D = |f(z, x) - f(z, x')|_d, f the discriminator's last hidden layer
 *     "cross-e"   L_D = softplus(-D(z, x')), the pair of their code
 *     "cross-e-paper"  L_D = softplus(-D(z, x)), the pair of their paper
 *     "residual"  A = L_R
 *     "joint"  of the hidden activations of E and G, f(z, x'), f(z, x) and x - x', see
 *              models/joint.h
 *     "whitened"  of x - x' and f(z, x) - f(z, x'), see models/whiten.h; only of older checkpoints
 *
 * The discriminator reads x and z through separate nets and then joins them. Both calls share z, so
 * its branch and its half of the joining layer are computed once and start the accumulators of the
 * x half.
 *
 * Conditional, on the one-hot group y of a column: x' = G(z, y), and the discriminator's z branch
 * reads [z, y] (models/condition.h).
 */

enum score_kind {
    SCORE_FM,
    SCORE_CROSS_E,
    SCORE_CROSS_E_PAPER,
    SCORE_RESIDUAL,
    SCORE_JOINT,
    SCORE_WHITENED,
    N_SCORES
};

static const char *const score_names[N_SCORES] = {"fm",       "cross-e", "cross-e-paper",
                                                  "residual", "joint",   "whitened"};

struct gad_model {
    const struct gad_kernel *kernel;
    struct gad_chain encoder, disc_x, head;
    struct gad_conditional generator, disc_z;
    struct gad_kernel_weights join_x,
        join_z; /* the rows of head's first layer for each branch; not owned */
    struct gad_joint_layout layout;
    struct gad_joint joint;   /* empty but for the score "joint" */
    struct gad_whiten whiten; /* empty but for the score "whitened" */
    enum score_kind kind;
    float weight;
    unsigned degree;
    size_t dim;
};

static void egbad_free(struct gad_model *m)
{
    if (!m)
        return;
    gad_chain_deinit(&m->encoder);
    gad_conditional_deinit(&m->generator);
    gad_chain_deinit(&m->disc_x);
    gad_conditional_deinit(&m->disc_z);
    gad_chain_deinit(&m->head);
    gad_joint_deinit(&m->joint);
    gad_whiten_deinit(&m->whiten);
    gad_free(m);
}
GAD_DEFINE_CLEANUP(struct gad_model, egbad_free);

static int load_score(const struct gad_checkpoint *c, struct gad_model *m, struct gad_diag *d)
{
    int kind = 0;
    while (kind < N_SCORES && strcmp(c->score.kind, score_names[kind]) != 0)
        kind++;
    if (kind == N_SCORES)
        return gad_fail(d, GAD_EUNKNOWN,
                        "score '%s' is not one of fm, cross-e, cross-e-paper, residual, joint, "
                        "whitened",
                        c->score.kind);
    if (!(c->score.weight >= 0.0f && c->score.weight <= 1.0f))
        return gad_fail(d, GAD_EMISMATCH, "score weight %g is not within 0 and 1",
                        (double)c->score.weight);
    if (c->score.degree != 1 && c->score.degree != 2)
        return gad_fail(d, GAD_EMISMATCH, "score degree %u is not 1 or 2", c->score.degree);
    m->kind = (enum score_kind)kind;
    m->weight = kind == SCORE_RESIDUAL ? 0.0f : c->score.weight;
    m->degree = c->score.degree;
    return 0;
}

/* The joining layer reads [x branch | z branch]; its rows are split where the branches meet. */
static int split_head(struct gad_model *m, struct gad_diag *d)
{
    const struct gad_layer *join = &m->head.layer[0];
    size_t n_x = gad_chain_out(&m->disc_x), n_z = gad_chain_out(&m->disc_z.chain);

    if (m->head.n_layers != 2 || join->w.in != n_x + n_z)
        return gad_fail(d, GAD_EMISMATCH, "net 'disc_head' is not two layers that read %zu + %zu",
                        n_x, n_z);
    m->join_x = (struct gad_kernel_weights){n_x, join->w.out, join->w.w, join->w.slope};
    m->join_z = (struct gad_kernel_weights){n_z, join->w.out, join->w.w + n_x * join->w.out, 1.0f};
    return 0;
}

static int load_nets(const struct gad_checkpoint *c, struct gad_model *m, struct gad_diag *d)
{
    struct gad_condition y;

    int r = gad_checkpoint_condition(c, &y.first, &y.n, d);
    if (r == 0)
        r = gad_chain_load(c, "encoder", m->dim, 0, &m->encoder, d);
    if (r != 0)
        return r;
    size_t latent = gad_chain_out(&m->encoder);
    r = gad_conditional_load(c, "generator", &y, latent, m->dim, &m->generator, d);
    if (r == 0)
        r = gad_chain_load(c, "disc_x", m->dim, 0, &m->disc_x, d);
    if (r == 0)
        r = gad_conditional_load(c, "disc_z", &y, latent, 0, &m->disc_z, d);
    if (r == 0)
        r = gad_chain_load(c, "disc_head", 0, 1, &m->head, d);
    return r == 0 ? split_head(m, d) : r;
}

static void lay_out_joint(struct gad_model *m)
{
    gad_joint_add_hidden(&m->layout, &m->encoder);
    gad_joint_add_hidden(&m->layout, &m->generator.chain);
    gad_joint_add(&m->layout, m->head.layer[0].out);
    gad_joint_add(&m->layout, m->head.layer[0].out);
    gad_joint_add(&m->layout, m->dim);
}

static int egbad_load(const struct gad_checkpoint *c, struct gad_model **ret, struct gad_diag *d)
{
    gad_cleanup(egbad_freep) struct gad_model *m = gad_calloc(1, sizeof(*m));
    if (!m)
        return GAD_ENOMEM;

    m->kernel = gad_kernel_best();
    m->dim = c->scaler.dim;
    int r = load_score(c, m, d);
    if (r == 0)
        r = load_nets(c, m, d);
    if (r != 0)
        return r;
    lay_out_joint(m);
    if (m->kind == SCORE_JOINT)
        r = gad_joint_load(c, &m->layout, &m->joint, d);
    if (m->kind == SCORE_WHITENED)
        r = gad_whiten_load(c, m->dim, m->head.layer[0].out, &m->whiten, d);
    if (r == 0)
        *ret = gad_steal(&m);
    return r;
}

static size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Width of the widest buffer. All buffers have this width, which wastes little. */
static size_t width(const struct gad_model *m)
{
    size_t w = max_size(gad_chain_width(&m->encoder), gad_chain_width(&m->generator.chain));
    w = max_size(w, max_size(gad_chain_width(&m->disc_x), gad_chain_width(&m->disc_z.chain)));
    return max_size(w, gad_chain_width(&m->head));
}

/* Buffers for n rows. */
struct parts {
    struct gad_kernel_rows rows;
    float *tmp[2], *z, *xhat, *distance;
    float *given;              /* what y adds to a first layer */
    float *branch, *start, *f; /* 2 n rows: for x', then for x */
    float *v, *u;              /* of the score "joint" */
    struct gad_whiten_parts whiten;
};

static struct parts lay_out(const struct gad_model *m, size_t n, const float *x,
                            struct gad_scratch *ws)
{
    size_t w = width(m);

    struct parts s = {
        .tmp = {gad_scratch_take(ws, n, w), gad_scratch_take(ws, n, w)},
        .z = gad_scratch_take(ws, n, w),
        .xhat = gad_scratch_take(ws, n, w),
        .branch = gad_scratch_take(ws, 2 * n, w),
        .start = gad_scratch_take(ws, 2 * n, w),
        .f = gad_scratch_take(ws, 2 * n, w),
        .distance = gad_scratch_take(ws, n, 1),
        .rows = gad_scratch_index(ws, m->kernel, n, x, gad_ld(m->dim)),
        .v = gad_scratch_take(ws, n, m->layout.ld),
        .u = gad_scratch_take(ws, n, m->joint.ld),
    };
    if (m->generator.y.in > 0)
        s.given = gad_scratch_take(ws, n, w);
    if (m->kind == SCORE_WHITENED)
        s.whiten = gad_whiten_lay_out(&m->whiten, n, ws);
    return s;
}

static size_t egbad_workspace(const struct gad_model *m, size_t n)
{
    struct gad_scratch ws = {0};

    (void)lay_out(m, n, NULL, &ws);
    return ws.used;
}

/* y = net(z, the condition of the rows). */
static void forward_latent(const struct gad_model *m, const struct gad_conditional *net, size_t n,
                           const struct parts *s, float *y)
{
    struct gad_kernel_init start =
        gad_conditional_start(net, m->kernel, n, s->rows.x, s->rows.ld, s->given);
    gad_conditional_forward(net, m->kernel, start, n, s->z, gad_ld(gad_chain_out(&m->encoder)),
                            s->tmp, y);
}

static void reconstruct(const struct gad_model *m, size_t n, const struct parts *s, float *xhat)
{
    gad_chain_forward(&m->encoder, m->kernel, 0, m->encoder.n_layers, n, NULL, 0, &s->rows, s->tmp,
                      s->z);
    forward_latent(m, &m->generator, n, s, xhat);
}

static void egbad_reconstruct(const struct gad_model *m, size_t n, const float *x, float *ws,
                              float *xhat)
{
    struct parts s = lay_out(m, n, x, &(struct gad_scratch){.base = ws});
    reconstruct(m, n, &s, xhat);
}

/* z's half of the joining layer, with its bias: where the accumulators of the x half start. */
static void start_features(const struct gad_model *m, size_t n, const struct parts *s)
{
    struct gad_kernel_init bias = {m->head.layer[0].bias, 0};

    forward_latent(m, &m->disc_z, n, s, s->branch);
    m->kernel->dense(n, s->branch, gad_ld(gad_chain_out(&m->disc_z.chain)), &m->join_z, bias,
                     s->start, m->join_z.out);
}

/* f(z, x') into the first n rows of s->f; with @both, f(z, x) into the next n, in one pass over
 * the weights. */
static void features(const struct gad_model *m, size_t n, bool both, const struct parts *s)
{
    const struct gad_kernel *k = m->kernel;
    const struct gad_chain *disc = &m->disc_x;
    size_t ldx = gad_ld(m->dim), ld = gad_ld(gad_chain_out(disc)), ldf = m->join_x.out;

    start_features(m, n, s);
    gad_chain_forward(disc, k, 0, disc->n_layers, n, s->xhat, ldx, NULL, s->tmp, s->branch);
    if (both) {
        gad_chain_forward(disc, k, 0, disc->n_layers, n, NULL, 0, &s->rows, s->tmp,
                          s->branch + n * ld);
        memcpy(s->start + n * ldf, s->start, n * ldf * sizeof(float));
    }
    k->dense(both ? 2 * n : n, s->branch, ld, &m->join_x, (struct gad_kernel_init){s->start, ldf},
             s->f, ldf);
}

static void distance(const struct gad_model *m, size_t n, const float *a, const float *b, size_t ld,
                     float *d)
{
    if (m->degree == 1) {
        m->kernel->distance1(n, a, b, ld, d);
        return;
    }
    m->kernel->distance2(n, a, b, ld, d);
    for (size_t i = 0; i < n; i++)
        d[i] = sqrtf(d[i]);
}

/* Of features f: softplus(-logit) without overflow: max(0, -l) + log1p(exp(-|l|)). */
static void cross_entropy(const struct gad_model *m, size_t n, const float *f,
                          const struct parts *s, float *d)
{
    const struct gad_layer *logit = &m->head.layer[1];

    gad_layer_forward(logit, m->kernel, n, f, m->join_x.out, s->tmp[0]);
    for (size_t i = 0; i < n; i++) {
        float l = s->tmp[0][i * logit->w.out];
        d[i] = fmaxf(0.0f, -l) + log1pf(expf(-fabsf(l)));
    }
}

/* v, with all networks. */
static void run_all(const struct gad_model *m, size_t n, const struct parts *s)
{
    const struct gad_kernel *k = m->kernel;
    size_t ld = m->layout.ld, ldz = gad_ld(gad_chain_out(&m->encoder)), ldf = m->join_x.out;
    float *in_generator = s->v + gad_joint_hidden_width(&m->encoder),
          *in_head = in_generator + gad_joint_hidden_width(&m->generator.chain);

    gad_chain_forward_kept(&m->encoder, k, 0, n, NULL, 0, &s->rows, s->v, ld, s->z);
    struct gad_kernel_init start =
        gad_conditional_start(&m->generator, k, n, s->rows.x, s->rows.ld, s->given);
    gad_conditional_forward_kept(&m->generator, k, start, n, s->z, ldz, in_generator, ld, s->xhat);
    features(m, n, true, s);
    for (size_t i = 0; i < n; i++) {
        memcpy(in_head + i * ld, s->f + i * ldf, ldf * sizeof(float));
        memcpy(in_head + i * ld + ldf, s->f + (n + i) * ldf, ldf * sizeof(float));
    }
    gad_joint_difference(&m->layout, n, s->rows.x, s->xhat, s->v);
}

static const float *egbad_joint(const struct gad_model *m, size_t n, const float *x, float *ws)
{
    struct parts s = lay_out(m, n, x, &(struct gad_scratch){.base = ws});
    run_all(m, n, &s);
    return s.v;
}

static const struct gad_joint_layout *egbad_joint_layout(const struct gad_model *m)
{
    return &m->layout;
}

static struct gad_errors compare(const struct gad_model *m, size_t n, const struct parts *s)
{
    reconstruct(m, n, s, s->xhat);
    features(m, n, true, s);
    return (struct gad_errors){
        .xhat = s->xhat, .e = s->f + n * m->join_x.out, .ehat = s->f, .n_e = m->head.layer[0].out};
}

static void egbad_score(const struct gad_model *m, size_t n, const float *x, float *ws,
                        float *score)
{
    struct parts s = lay_out(m, n, x, &(struct gad_scratch){.base = ws});

    if (m->kind == SCORE_JOINT) {
        run_all(m, n, &s);
        gad_joint_score(&m->joint, m->kernel, n, s.v, m->layout.ld, s.u, score);
        return;
    }
    if (m->kind == SCORE_WHITENED) {
        struct gad_errors e = compare(m, n, &s);
        gad_whiten_score(&m->whiten, m->kernel, n, x, &e, &s.whiten, score);
        return;
    }
    reconstruct(m, n, &s, s.xhat);
    distance(m, n, x, s.xhat, gad_ld(m->dim), score);
    if (m->kind == SCORE_RESIDUAL)
        return;

    features(m, n, m->kind != SCORE_CROSS_E, &s);
    const float *f_of_x = s.f + n * m->join_x.out;
    if (m->kind == SCORE_FM)
        distance(m, n, f_of_x, s.f, m->join_x.out, s.distance);
    else
        cross_entropy(m, n, m->kind == SCORE_CROSS_E ? s.f : f_of_x, &s, s.distance);
    for (size_t i = 0; i < n; i++)
        score[i] = (1.0f - m->weight) * score[i] + m->weight * s.distance[i];
}

const struct gad_model_ops gad_egbad = {
    .name = "egbad",
    .summary = "EGBAD (BiGAN): encoder, generator and joint discriminator; scores fm, cross-e, "
               "residual, joint, whitened",
    .load = egbad_load,
    .free = egbad_free,
    .workspace = egbad_workspace,
    .score = egbad_score,
    .reconstruct = egbad_reconstruct,
    .joint = egbad_joint,
    .joint_layout = egbad_joint_layout,
};
