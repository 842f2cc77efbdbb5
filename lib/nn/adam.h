/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Adam (Kingma and Ba 2015) and the moving average of weights.
 *
 * Two forms of Adam are in use. They differ in the place of eps, which matters while v is small:
 *   usual   p -= lr * mhat / (sqrt(vhat) + eps)
 *           PyTorch; algorithm 1 of the paper
 *   TF1     p -= lr * sqrt(1 - b2^t) / (1 - b1^t) * m / (sqrt(v) + eps)
 *           TensorFlow 1, its "epsilon hat"
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/nn/real.h"

enum gad_adam_form { GAD_ADAM_USUAL, GAD_ADAM_TF1 };

struct gad_adam {
    enum gad_adam_form form;
    double lr, beta1, beta2, eps;
    double beta1_t, beta2_t; /* to the power of the steps so far */
    uint64_t steps;
};

struct gad_adam gad_adam_init(enum gad_adam_form form, double lr, double beta1, double beta2);

/* One step on n parameters p with gradients g. The moments m and v are zero before the first
 * step. */
void gad_adam_step(struct gad_adam *a, size_t n, gad_real *p, const gad_real *g, gad_real *m,
                   gad_real *v);

/* avg -= (1 - decay) * (avg - p). Without bias correction: avg starts as the initial weights. */
void gad_ema_step(double decay, size_t n, gad_real *avg, const gad_real *p);

/* The decay of the @step-th step (1 is the first): at most step / (step + 9), so that the initial
 * weights leave the average. With a constant decay d they keep d^steps of it: .92 of it after 80
 * steps at .999. The form is that of TensorFlow's ExponentialMovingAverage with num_updates. */
double gad_ema_ramp(double decay, uint64_t step);
