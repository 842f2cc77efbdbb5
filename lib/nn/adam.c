/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/nn/adam.h"

struct gad_adam gad_adam_init(enum gad_adam_form form, double lr, double beta1, double beta2)
{
    return (struct gad_adam){.form = form,
                             .lr = lr,
                             .beta1 = beta1,
                             .beta2 = beta2,
                             .eps = 1e-8,
                             .beta1_t = 1,
                             .beta2_t = 1};
}

/* Both forms are p -= rate * m / (scale * sqrt(v) + eps). */
struct coefficients {
    gad_real beta1, beta2, rate, scale, eps;
};

GAD_NN_CLONES
static void step(struct coefficients c, size_t n, gad_real *restrict p, const gad_real *restrict g,
                 gad_real *restrict m, gad_real *restrict v)
{
    gad_real c1 = 1 - c.beta1, c2 = 1 - c.beta2;

    for (size_t i = 0; i < n; i++) {
        gad_real mi = c.beta1 * m[i] + c1 * g[i];
        gad_real vi = c.beta2 * v[i] + c2 * g[i] * g[i];

        m[i] = mi;
        v[i] = vi;
        p[i] -= c.rate * mi / (c.scale * gad_real_sqrt(vi) + c.eps);
    }
}

void gad_adam_step(struct gad_adam *a, size_t n, gad_real *p, const gad_real *g, gad_real *m,
                   gad_real *v)
{
    struct coefficients c = {
        .beta1 = (gad_real)a->beta1, .beta2 = (gad_real)a->beta2, .eps = (gad_real)a->eps};

    a->beta1_t *= a->beta1;
    a->beta2_t *= a->beta2;
    a->steps++;
    if (a->form == GAD_ADAM_TF1) {
        c.rate = (gad_real)(a->lr * sqrt(1 - a->beta2_t) / (1 - a->beta1_t));
        c.scale = 1;
    } else {
        c.rate = (gad_real)(a->lr / (1 - a->beta1_t));
        c.scale = (gad_real)(1 / sqrt(1 - a->beta2_t));
    }
    step(c, n, p, g, m, v);
}

GAD_NN_CLONES
static void ema(gad_real rate, size_t n, gad_real *restrict avg, const gad_real *restrict p)
{
    for (size_t i = 0; i < n; i++)
        avg[i] -= rate * (avg[i] - p[i]);
}

void gad_ema_step(double decay, size_t n, gad_real *avg, const gad_real *p)
{
    ema((gad_real)(1 - decay), n, avg, p);
}

double gad_ema_ramp(double decay, uint64_t step)
{
    return fmin(decay, (double)step / ((double)step + 9.0));
}
