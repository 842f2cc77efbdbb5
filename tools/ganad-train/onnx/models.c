/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganad-train/onnx/models.h"

#include <string.h>

#include "lib/base/diag.h"
#include "lib/checkpoint/checkpoint.h"
#include "tools/ganad-train/onnx/graph.h"

static const char *run(struct onnx_graph *g, const struct gad_checkpoint *c, const char *net,
                       const char *x)
{
    const struct gad_ckpt_net *n = gad_checkpoint_net(c, net);
    return onnx_layers(g, n, 0, n->n_layers, x);
}

static const char *square(struct onnx_graph *g, const char *a)
{
    return onnx_op2(g, "Mul", a, a);
}

/* |a - b| of each row, by the L1 or the Euclidean norm. */
static const char *distance(struct onnx_graph *g, const char *a, const char *b, unsigned degree)
{
    const char *d = onnx_op2(g, "Sub", a, b);

    if (degree == 1)
        return onnx_row_sum(g, onnx_op1(g, "Abs", d));
    return onnx_op1(g, "Sqrt", onnx_row_sum(g, square(g, d)));
}

static const char *whitened_part(struct onnx_graph *g, const struct gad_checkpoint *c,
                                 const char *net, const char *a, const char *b)
{
    return onnx_row_mean(g, square(g, run(g, c, net, onnx_op2(g, "Sub", a, b))));
}

static const char *whitened(struct onnx_graph *g, const struct gad_checkpoint *c, const char *xhat,
                            const char *e, const char *ehat)
{
    return onnx_op2(g, "Add", whitened_part(g, c, "whiten_r", "x", xhat),
                    whitened_part(g, c, "whiten_e", e, ehat));
}

/* The outputs of all layers of a net but the last, beside @v ("": nothing). */
static const char *hidden(struct onnx_graph *g, const struct gad_checkpoint *c, const char *net,
                          const char *x, const char *v)
{
    const struct gad_ckpt_net *n = gad_checkpoint_net(c, net);

    for (size_t l = 0; l + 1 < n->n_layers; l++) {
        x = onnx_layers(g, n, l, l + 1, x);
        v = *v ? onnx_concat(g, v, x) : x;
    }
    return v;
}

/* The mean of u^2 / (1 + u^2 / 10). */
static const char *joint(struct onnx_graph *g, const struct gad_checkpoint *c, const char *v,
                         const char *xhat)
{
    const char *u = run(g, c, "joint", onnx_concat(g, v, onnx_op2(g, "Sub", "x", xhat))),
               *u2 = square(g, u),
               *most = onnx_op2(g, "Add", onnx_op2(g, "Mul", u2, onnx_constant(g, 0.1f)),
                                onnx_constant(g, 1.0f));

    return onnx_row_mean(g, onnx_op2(g, "Div", u2, most));
}

/* f(z, x), from the output of z's branch. */
static const char *features(struct onnx_graph *g, const struct gad_checkpoint *c, const char *x,
                            const char *branch_z)
{
    return onnx_layers(g, gad_checkpoint_net(c, "disc_head"), 0, 1,
                       onnx_concat(g, run(g, c, "disc_x", x), branch_z));
}

/* softplus(-logit) */
static const char *cross_entropy(struct onnx_graph *g, const struct gad_checkpoint *c,
                                 const char *f)
{
    const char *logit = onnx_layers(g, gad_checkpoint_net(c, "disc_head"), 1, 2, f);
    return onnx_op1(g, "Softplus", onnx_op1(g, "Neg", onnx_squeeze(g, logit)));
}

/* [a, y] with the condition y of x; a without one. The reader made sure that the condition is a
 * group. */
static const char *beside(struct onnx_graph *g, const struct gad_checkpoint *c, const char *a)
{
    size_t first, n;

    if (gad_checkpoint_condition(c, &first, &n, NULL) != 0 || n == 0)
        return a;
    return onnx_concat(g, a, onnx_columns(g, "x", first, n));
}

static const char *egbad(struct onnx_graph *g, const struct gad_checkpoint *c,
                         const char **ret_xhat)
{
    const char *kind = c->score.kind, *zy = beside(g, c, run(g, c, "encoder", "x")),
               *xhat = run(g, c, "generator", zy), *part;
    unsigned degree = c->score.degree;

    *ret_xhat = xhat;
    if (strcmp(kind, "residual") == 0)
        return distance(g, "x", xhat, degree);
    const char *branch = run(g, c, "disc_z", zy);
    if (strcmp(kind, "cross-e") == 0)
        part = cross_entropy(g, c, features(g, c, xhat, branch));
    else if (strcmp(kind, "cross-e-paper") == 0)
        part = cross_entropy(g, c, features(g, c, "x", branch));
    else {
        const char *f = features(g, c, "x", branch), *fhat = features(g, c, xhat, branch);
        if (strcmp(kind, "whitened") == 0)
            return whitened(g, c, xhat, f, fhat);
        if (strcmp(kind, "joint") == 0) {
            const char *v = hidden(g, c, "generator", zy, hidden(g, c, "encoder", "x", ""));
            return joint(g, c, onnx_concat(g, onnx_concat(g, v, fhat), f), xhat);
        }
        part = distance(g, f, fhat, degree);
    }
    const char *residual = distance(g, "x", xhat, degree);
    return onnx_op2(g, "Add",
                    onnx_op2(g, "Mul", residual, onnx_constant(g, 1.0f - c->score.weight)),
                    onnx_op2(g, "Mul", part, onnx_constant(g, c->score.weight)));
}

static const char *ganomaly(struct onnx_graph *g, const struct gad_checkpoint *c,
                            const char **ret_xhat)
{
    const char *kind = c->score.kind, *z = run(g, c, "encoder", "x"),
               *xhat = run(g, c, "decoder", z);

    *ret_xhat = xhat;
    if (strcmp(kind, "rec") == 0)
        return onnx_row_mean(g, onnx_op1(g, "Abs", onnx_op2(g, "Sub", "x", xhat)));
    const char *zhat = run(g, c, "encoder2", xhat);
    if (strcmp(kind, "whitened") == 0)
        return whitened(g, c, xhat, z, zhat);
    if (strcmp(kind, "joint") == 0) {
        const char *v = hidden(g, c, "decoder", z, hidden(g, c, "encoder", "x", ""));
        return joint(g, c, hidden(g, c, "encoder2", xhat, v), xhat);
    }
    return onnx_row_mean(g, square(g, onnx_op2(g, "Sub", z, zhat)));
}

int onnx_score(struct onnx_graph *g, const struct gad_checkpoint *c, struct gad_diag *d)
{
    const char *score, *xhat = "";

    if (strcmp(c->model, "egbad") == 0)
        score = egbad(g, c, &xhat);
    else if (strcmp(c->model, "ganomaly") == 0)
        score = ganomaly(g, c, &xhat);
    else
        return gad_fail(
            d, GAD_EINVAL,
            "model '%s' searches for each record: its score is not one pass through a graph",
            c->model);
    onnx_output(g, score, "score", 0);
    onnx_output(g, xhat, "reconstruction", c->scaler.dim);
    return 0;
}
