/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/models/formula.h"

#include <math.h>
#include <string.h>

#include "lib/base/rng.h"
#include "lib/checkpoint/checkpoint.h"
#include "tests/unit/test.h"

enum { DIM = FORMULA_DIM, WIDTH_MAX = 256, JOINT_MAX = 640, LATENT = 32 };

static size_t net(const struct gad_checkpoint *c, const char *name, size_t first, size_t last,
                  const double *x, double *y)
{
    const struct gad_ckpt_net *n = gad_checkpoint_net(c, name);
    static double a[JOINT_MAX], b[JOINT_MAX]; /* frames have a limit */
    size_t width = 0;

    assert_non_null(n);
    memcpy(a, x, n->layers[first].in * sizeof(*a));
    for (size_t l = first; l < last && l < n->n_layers; l++) {
        const struct gad_ckpt_layer *k = &n->layers[l];
        for (size_t j = 0; j < k->out; j++) {
            b[j] = (double)k->bias[j];
            for (size_t i = 0; i < k->in; i++)
                b[j] += a[i] * (double)k->weight[i * k->out + j];
            if (b[j] < 0.0)
                b[j] *= k->act == GAD_CKPT_LINEAR ? 1.0
                        : k->act == GAD_CKPT_RELU ? 0.0
                                                  : (double)k->slope;
        }
        width = k->out;
        memcpy(a, b, width * sizeof(*a));
    }
    memcpy(y, a, width * sizeof(*a));
    return width;
}

static double norm(const double *a, const double *b, size_t n, unsigned degree)
{
    double s = 0.0;
    for (size_t i = 0; i < n; i++)
        s += degree == 1 ? fabs(a[i] - b[i]) : (a[i] - b[i]) * (a[i] - b[i]);
    return degree == 1 ? s : sqrt(s);
}

/* Mean square of the output of a whitening net for a - b. */
static double whitened(const struct gad_checkpoint *c, const char *name, const double *a,
                       const double *b, size_t n)
{
    static double d[WIDTH_MAX], y[WIDTH_MAX]; /* frames have a limit */
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        d[i] = a[i] - b[i];
    net(c, name, 0, 1, d, y);
    for (size_t i = 0; i < n; i++)
        sum += y[i] * y[i];
    return sum / (double)n;
}

/* Writes the hidden activations of a net to v; returns their number. */
static size_t hidden(const struct gad_checkpoint *c, const char *name, const double *x, double *v)
{
    size_t n = 0;

    for (size_t l = 1; l < gad_checkpoint_net(c, name)->n_layers; l++)
        n += net(c, name, 0, l, x, v + n);
    return n;
}

/* The bounded squares of the map's output for v and x - x'. */
static double joint(const struct gad_checkpoint *c, double *v, size_t n, const double *x,
                    const double *xhat)
{
    static double u[JOINT_MAX];
    double sum = 0.0;

    for (size_t i = 0; i < DIM; i++)
        v[n++] = x[i] - xhat[i];
    assert_int_equal(net(c, "joint", 0, 1, v, u), n);
    for (size_t i = 0; i < n; i++)
        sum += u[i] * u[i] / (1.0 + u[i] * u[i] / 10.0);
    return sum / (double)n;
}

/* [v, y] with the condition y of row x. */
static void beside(const struct gad_checkpoint *c, const double *v, size_t n, const double *x,
                   double *to)
{
    size_t first, n_y;

    assert_int_equal(gad_checkpoint_condition(c, &first, &n_y, NULL), 0);
    memcpy(to, v, n * sizeof(*to));
    memcpy(to + n, x + first, n_y * sizeof(*to));
}

/* f(z, x), and the logit behind it; z with its condition. */
static double discriminate(const struct gad_checkpoint *c, const double *x, const double *zy,
                           double *f)
{
    double pair[WIDTH_MAX], logit[1];

    size_t n = net(c, "disc_x", 0, 9, x, pair);
    net(c, "disc_z", 0, 9, zy, pair + n);
    net(c, "disc_head", 0, 1, pair, f);
    net(c, "disc_head", 1, 2, f, logit);
    return logit[0];
}

static double egbad(const struct gad_checkpoint *c, const double *x)
{
    static double zy[WIDTH_MAX], v[JOINT_MAX]; /* frames have a limit */
    double z[WIDTH_MAX], xhat[WIDTH_MAX], f[WIDTH_MAX], fhat[WIDTH_MAX],
        w = (double)c->score.weight;

    beside(c, z, net(c, "encoder", 0, 9, x, z), x, zy);
    net(c, "generator", 0, 9, zy, xhat);
    double of_x = discriminate(c, x, zy, f), logit = discriminate(c, xhat, zy, fhat);
    double residual = norm(x, xhat, DIM, c->score.degree);
    if (strcmp(c->score.kind, "residual") == 0)
        return residual;
    if (strcmp(c->score.kind, "whitened") == 0)
        return whitened(c, "whiten_r", x, xhat, DIM) + whitened(c, "whiten_e", f, fhat, 128);
    if (strcmp(c->score.kind, "joint") == 0) {
        size_t n = hidden(c, "encoder", x, v);
        n += hidden(c, "generator", zy, v + n);
        memcpy(v + n, fhat, 128 * sizeof(*v));
        memcpy(v + n + 128, f, 128 * sizeof(*v));
        return joint(c, v, n + 256, x, xhat);
    }
    if (strcmp(c->score.kind, "fm") == 0)
        return (1.0 - w) * residual + w * norm(f, fhat, 128, c->score.degree);
    if (strcmp(c->score.kind, "cross-e-paper") == 0)
        logit = of_x;
    return (1.0 - w) * residual + w * log1p(exp(-logit));
}

static double ganomaly(const struct gad_checkpoint *c, const double *x)
{
    static double v[JOINT_MAX]; /* frames have a limit */
    double z[WIDTH_MAX], xhat[WIDTH_MAX], zhat[WIDTH_MAX];

    size_t latent = net(c, "encoder", 0, 9, x, z);
    net(c, "decoder", 0, 9, z, xhat);
    net(c, "encoder2", 0, 9, xhat, zhat);
    if (strcmp(c->score.kind, "rec") == 0)
        return norm(x, xhat, DIM, 1) / DIM;
    if (strcmp(c->score.kind, "whitened") == 0)
        return whitened(c, "whiten_r", x, xhat, DIM) + whitened(c, "whiten_e", z, zhat, latent);
    if (strcmp(c->score.kind, "joint") == 0) {
        size_t n = hidden(c, "encoder", x, v);
        n += hidden(c, "decoder", z, v + n);
        n += hidden(c, "encoder2", xhat, v + n);
        return joint(c, v, n, x, xhat);
    }
    double d = norm(z, zhat, latent, 2);
    return d * d / (double)latent;
}

/* The weighted sum of |x - G(z)| and L_D(z). */
static double anogan_loss(const struct gad_checkpoint *c, const double *x, const double *z)
{
    static double seen[WIDTH_MAX]; /* frames have a limit */
    double xhat[WIDTH_MAX], f[WIDTH_MAX], fhat[WIDTH_MAX], logit[1], w = (double)c->score.weight;

    beside(c, z, LATENT, x, seen);
    net(c, "generator", 0, 9, seen, xhat);
    beside(c, x, DIM, x, seen);
    net(c, "disc", 0, 3, seen, f);
    beside(c, xhat, DIM, x, seen);
    net(c, "disc", 0, 3, seen, fhat);
    net(c, "disc", 3, 4, fhat, logit);
    return (1.0 - w) * norm(x, xhat, DIM, 1) +
           w * (strcmp(c->score.kind, "fm") == 0 ? norm(f, fhat, 128, 1) : log1p(exp(-logit[0])));
}

/* The search with gradients by central differences and Adam as published, in TensorFlow 1's
 * form. */
static double anogan(const struct gad_checkpoint *c, const double *x)
{
    const struct gad_ckpt_search *s = &c->score.search;
    struct gad_rng r = gad_rng_init(s->seed, 0);
    double z[LATENT], m[LATENT] = {0}, v[LATENT] = {0}, g[LATENT];
    size_t phase = 0;

    for (size_t j = 0; j < LATENT; j++) {
        float draw = 2.0f;
        while (!(draw > -2.0f && draw < 2.0f))
            gad_rng_normal(&r, 1, &draw);
        z[j] = (double)draw;
    }
    for (uint32_t step = 0; step < s->steps; step++) {
        for (size_t j = 0; j < LATENT; j++) {
            const double h = 1e-6, at = z[j];
            z[j] = at + h;
            g[j] = anogan_loss(c, x, z);
            z[j] = at - h;
            g[j] = (g[j] - anogan_loss(c, x, z)) / (2 * h);
            z[j] = at;
        }
        while (phase + 1 < s->n_phases && s->phases[phase + 1].from <= step)
            phase++;
        double rate = (double)s->phases[phase].rate * sqrt(1 - pow(0.999, step + 1)) /
                      (1 - pow(0.9, step + 1));
        for (size_t j = 0; j < LATENT; j++) {
            m[j] = 0.9 * m[j] + 0.1 * g[j];
            v[j] = 0.999 * v[j] + 0.001 * g[j] * g[j];
            z[j] -= rate * m[j] / (sqrt(v[j]) + 1e-8);
        }
    }
    return anogan_loss(c, x, z);
}

double formula_score(const struct gad_checkpoint *c, const double *x)
{
    if (strcmp(c->model, "egbad") == 0)
        return egbad(c, x);
    return strcmp(c->model, "ganomaly") == 0 ? ganomaly(c, x) : anogan(c, x);
}
