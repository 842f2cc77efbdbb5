/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/nn/act.h"

/* Row by row, with the choice of the activation outside of the loops, so that they vectorise. */

GAD_NN_CLONES
static void add_bias(size_t n, const gad_real *restrict b, gad_real *restrict y)
{
    for (size_t j = 0; j < n; j++)
        y[j] += b[j];
}

GAD_NN_CLONES
static void leaky_row(size_t n, gad_real slope, const gad_real *restrict b, gad_real *restrict y)
{
    for (size_t j = 0; j < n; j++) {
        gad_real v = y[j] + b[j];
        y[j] = v > 0 ? v : slope * v;
    }
}

GAD_NN_CLONES
static void leaky_back_row(size_t n, gad_real slope, const gad_real *restrict y,
                           gad_real *restrict dy)
{
    for (size_t j = 0; j < n; j++)
        dy[j] = y[j] > 0 ? dy[j] : slope * dy[j];
}

static gad_real sigmoid(gad_real v)
{
    gad_real e = gad_real_exp(-gad_real_fabs(v));

    return v >= 0 ? 1 / (1 + e) : e / (1 + e);
}

void gad_act_forward(enum gad_act act, gad_real slope, const gad_real *bias, struct gad_mat y)
{
    if (act == GAD_RELU)
        slope = 0;
    for (size_t i = 0; i < y.rows; i++) {
        gad_real *p = gad_mat_row(y, i);

        if (act == GAD_RELU || act == GAD_LEAKY_RELU) {
            leaky_row(y.cols, slope, bias, p);
            continue;
        }
        add_bias(y.cols, bias, p);
        if (act == GAD_SIGMOID)
            for (size_t j = 0; j < y.cols; j++)
                p[j] = sigmoid(p[j]);
        else if (act == GAD_TANH)
            for (size_t j = 0; j < y.cols; j++)
                p[j] = gad_real_tanh(p[j]);
    }
}

void gad_act_backward(enum gad_act act, gad_real slope, gad_real keep, struct gad_mat y,
                      struct gad_mat dy)
{
    gad_assert(y.rows == dy.rows && y.cols == dy.cols);
    if (act == GAD_LINEAR)
        return;
    if (act == GAD_RELU)
        slope = 0;
    for (size_t i = 0; i < y.rows; i++) {
        const gad_real *p = gad_mat_row(y, i);
        gad_real *d = gad_mat_row(dy, i);

        if (act == GAD_RELU || act == GAD_LEAKY_RELU)
            leaky_back_row(y.cols, slope, p, d);
        else if (act == GAD_SIGMOID)
            for (size_t j = 0; j < y.cols; j++)
                d[j] *= keep * p[j] * (1 - keep * p[j]);
        else
            for (size_t j = 0; j < y.cols; j++)
                d[j] *= 1 - keep * p[j] * keep * p[j];
    }
}

enum { LANES = 64 };

GAD_NN_CLONES
static void sum_block(size_t rows, size_t ld, size_t n, const gad_real *restrict dy,
                      gad_real *restrict db)
{
    double sum[LANES] = {0};

    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < n; j++)
            sum[j] += (double)dy[i * ld + j];
    for (size_t j = 0; j < n; j++)
        db[j] = (gad_real)sum[j];
}

void gad_act_bias_grad(struct gad_mat dy, gad_real *db)
{
    for (size_t at = 0; at < dy.cols; at += LANES) {
        size_t n = dy.cols - at < LANES ? dy.cols - at : LANES;
        sum_block(dy.rows, dy.ld, n, dy.v + at, db + at);
    }
}
