/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The GAN of AnoGAN for dense features: networks, losses and their gradients for one batch. Optimisers, random
 * order and what is exported are in anogan_train.c; this part alone is also compiled in double and its losses
 * are checked whole by central differences.
 *
 *   G  generator  32 -> 64 ReLU -> 128 ReLU -> dim
 *   D  disc       dim -> 256 LReLU, dropout -> 128 LReLU, dropout -> 128 LReLU, dropout = f -> 1 logit
 *
 * LReLU slope 0.1, dropout 0.2. Source: Schlegl et al. 2017 (arXiv 1703.05921) as Zenati et al. 2018 (arXiv
 * 1802.06222) have it in their KDD99 code.
 *
 * Conditional, on the elements y of each row: G reads [z, y] and D [x, y], y being that of the rows of the batch. In a
 * real row D finds y a second time; beside G(z, y) it says what that row should have been.
 */

#include "lib/nn/loss.h"
#include "lib/nn/net.h"
#include "models/condition.h"

enum { GAD_ANOGAN_LATENT = 32 };

/* Stacked batches, as D sees them: real rows x, then fake rows G(z); with a condition y beside each. */
struct gad_anogan {
    size_t n, dim;
    struct gad_condition y;
    struct gad_params params;
    struct gad_sparse sparse; /* of the real rows */
    struct gad_net generator, disc_f, disc_logit;
    struct gad_tape g, f, logit;
    struct gad_mat xs, z;               /* (2n, dim + y.n), (n, 32 + y.n) */
    struct gad_mat d_logit, d_f, d_gen; /* gradients */
};

/* Weights are zero: gad_init_xavier() over all of params. GAD_ENOMEM or 0. */
int gad_anogan_init(struct gad_anogan *g, size_t n, size_t dim,
                    struct gad_condition y) GAD_MUST_CHECK;
void gad_anogan_deinit(struct gad_anogan *g);

struct gad_range gad_anogan_discriminator(const struct gad_anogan *g);

/* Where the caller puts the batch (n, dim) and the draw (n, 32): both before loss_d(), the draw before loss_g(),
 * which keeps the condition of that batch. */
struct gad_mat gad_anogan_x(const struct gad_anogan *g);
struct gad_mat gad_anogan_z(const struct gad_anogan *g);

/* L_D = mean BCE(D(x), 1) + mean BCE(D(G(z)), 0); gradients of D in params.grad. */
double gad_anogan_loss_d(struct gad_anogan *g, enum gad_dropout dropout,
                         struct gad_dropout_rng *rng);

/* L_G = mean BCE(D(G(z)), 1); gradients of G in params.grad. */
double gad_anogan_loss_g(struct gad_anogan *g, enum gad_dropout dropout,
                         struct gad_dropout_rng *rng);
