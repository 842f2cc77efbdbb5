/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Activations. Forward works in place on the result of a product. Backward needs only the outputs,
 * so a layer keeps one matrix. At 0 the derivative of ReLU and leaky ReLU is that of the negative
 * side.
 */

#include "lib/nn/mat.h"

enum gad_act { GAD_LINEAR, GAD_RELU, GAD_LEAKY_RELU, GAD_SIGMOID, GAD_TANH, GAD_N_ACTS };

/* y (n, out) = act(y + bias); bias (out). slope: of leaky ReLU, for x < 0. */
void gad_act_forward(enum gad_act act, gad_real slope, const gad_real *bias, struct gad_mat y);

/**
 * gad_act_backward() - dy (n, out) *= act'(x), from the outputs
 * @keep: the divisor of the outputs in dropout (1 - rate); 1 without dropout
 */
void gad_act_backward(enum gad_act act, gad_real slope, gad_real keep, struct gad_mat y,
                      struct gad_mat dy);

/* db (out) = column sums of dy (n, out), in double. */
void gad_act_bias_grad(struct gad_mat dy, gad_real *db);
