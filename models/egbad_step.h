/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * BiGAN (EGBAD) for dense features: networks, losses and their gradients for one batch. Optimisers, random
 * order and what is exported are in egbad_train.c; this part alone is also compiled in double and its losses
 * are checked whole by central differences.
 *
 *   E  encoder        dim -> 64 LReLU -> 32
 *   G  generator      32 -> 64 ReLU -> 128 ReLU -> dim
 *   D  disc_x         dim -> 128 LReLU, dropout
 *      disc_z         32 -> 128 LReLU, dropout
 *      disc_head      [disc_x, disc_z] (256) -> 128 LReLU, dropout = f -> 1 logit
 *
 * LReLU slope 0.1, dropout 0.2. Source: Zenati et al. 2018 (arXiv 1802.06222), their KDD99 code.
 *
 * Conditional, on the elements y of each row: G and disc_z read [z, y] in place of z, so that both pairs carry the y
 * that they were made for. The fake pairs take y from the rows of their batch. E reads x, of which y is a part
 * already: to append it would only give the first layer the same numbers twice, with weights that add up to what one
 * set can be. This is where we leave a conditional BiGAN to the letter.
 */

#include "lib/nn/loss.h"
#include "lib/nn/net.h"
#include "models/condition.h"

enum { GAD_EGBAD_LATENT = 32 };

/* What E and G are trained for besides the published loss. */
struct gad_egbad_loss {
    double residual;       /* weight of mean |x - G(E(x))| in the losses of E and of G */
    bool residual_e_only;  /* in the loss of E alone, as the survey has it */
    bool feature_matching; /* averages of f over real and fake rows instead of the verdict of D */
};

/*
 * Stacked batches; each pair of D is a row of xs and the row of zs beside it:
 *
 *   rows      0 .. n      n .. 2n   2n .. 3n (only with a residual)
 *   xs        x           G(z)      G(E(x))
 *   zs        E(x), y     z, y      E(x), y
 *             real pairs  fake      generator's second input
 */
struct gad_egbad {
    size_t n, dim;
    struct gad_egbad_loss loss;
    struct gad_condition y;
    struct gad_params params;
    struct gad_sparse sparse; /* of the real rows */
    struct gad_net encoder, generator, disc_x, disc_z, disc_f, disc_logit;
    struct gad_tape e, g, x, z, f, logit;
    struct gad_mat xs, zs, pair; /* pair (2n, 256): outputs of disc_x and disc_z side by side */
    struct gad_mat d_logit, d_f, d_pair, d_gen, d_latent, d_code; /* gradients */
};

/* Weights are zero: gad_init_xavier() over all of params. GAD_ENOMEM or 0. */
int gad_egbad_init(struct gad_egbad *g, size_t n, size_t dim, const struct gad_egbad_loss *loss,
                   struct gad_condition y) GAD_MUST_CHECK;
void gad_egbad_deinit(struct gad_egbad *g);

struct gad_range gad_egbad_discriminator(const struct gad_egbad *g);

/* Where the caller puts the batch (n, dim) and the draw (n, 32) before each of the two below. */
struct gad_mat gad_egbad_x(const struct gad_egbad *g);
struct gad_mat gad_egbad_z(const struct gad_egbad *g);

/* L_D = mean BCE(D(x, E(x)), 1) + mean BCE(D(G(z), z), 0); gradients of D in params.grad. */
double gad_egbad_loss_d(struct gad_egbad *g, enum gad_dropout dropout, struct gad_dropout_rng *rng);

/* L_G = mean BCE(D(G(z), z), 1), L_E = mean BCE(D(x, E(x)), 0), each plus the residual; gradients of L_G by G
 * and of L_E by E in params.grad. */
void gad_egbad_loss_ge(struct gad_egbad *g, enum gad_dropout dropout, struct gad_dropout_rng *rng,
                       double *ret_g, double *ret_e);
