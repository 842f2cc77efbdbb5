/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/nn/layer.h"

enum { WEIGHT, BIAS };

static void dense_add(struct gad_net_layer *l, struct gad_params *p)
{
    l->tensor[WEIGHT] = gad_params_add(p, GAD_PARAM_WEIGHT, l->spec.in, l->spec.out);
    l->tensor[BIAS] = gad_params_add(p, GAD_PARAM_BIAS, 1, l->spec.out);
}

static void dense_forward(const struct gad_net_layer *l, const gad_real *theta, struct gad_mat x,
                          struct gad_mat y)
{
    gad_mat_mul_nn(x, theta + l->tensor[WEIGHT], y);
    gad_act_forward(l->spec.act, (gad_real)l->spec.slope, theta + l->tensor[BIAS], y);
}

static void dense_backward(const struct gad_net_layer *l, const gad_real *theta, struct gad_mat x,
                           struct gad_mat dy, gad_real *grad, struct gad_input_grad dx)
{
    if (grad) {
        gad_mat_mul_tn(x, dy, grad + l->tensor[WEIGHT]);
        gad_act_bias_grad(dy, grad + l->tensor[BIAS]);
    }
    if (dx.to.v) {
        gad_assert(dx.first <= l->spec.in && dx.to.cols <= l->spec.in - dx.first);
        gad_mat_mul_nt(dy, theta + l->tensor[WEIGHT] + dx.first * l->spec.out, dx.beta, dx.to);
    }
}

const struct gad_layer_ops gad_dense_ops = {dense_add, dense_forward, dense_backward};
