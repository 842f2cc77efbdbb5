/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The GAN of AnoGAN for dense features: networks, losses and their gradients for one batch.
 * Optimisers, the random order of the rows and the export are in anogan_train.c and trainer.c. This
 * part alone is also compiled in double, and central differences check its losses as a whole.
 *
 *   G  generator  32 -> 64 ReLU -> 128 ReLU -> dim
 *   D  disc_f     dim -> 256 LReLU, dropout -> 128 LReLU, dropout -> 128 LReLU, dropout = f
 *      disc_logit f (128) -> 1 logit
 *
 * LReLU slope 0.1, dropout 0.2. Source: Schlegl et al. 2017 (arXiv 1703.05921) as Zenati et al.
 * 2018 (arXiv 1802.06222) have it in their KDD99 code. A checkpoint has disc_f and disc_logit as
 * one net, "disc".
 *
 * Conditional, on the elements y of each row: G reads [z, y] and D [x, y], y being that of the rows
 * of the batch. In a real row D finds y a second time; beside G(z, y) it says what that row should
 * have been.
 */

#include "lib/nn/loss.h"
#include "lib/nn/net.h"
#include "models/condition.h"

enum { GAD_ANOGAN_LATENT = 32 };

/*
 * Batches are stacked as rows. B is the batch (n), k the width of the condition y (0 without one):
 *
 *              xs (2B, dim + k)                       on the tapes
 *   rows       columns 0 .. dim        dim .. dim + k  f (2B, 128)   logit (2B, 1)
 *   0 .. B     x, the real rows        y of x          f(x)          D(x)
 *   B .. 2B    G(z), generated         y of x          f(G(z))       D(G(z))
 *
 *              z (B, 32 + k)
 *   rows       columns 0 .. 32         32 .. 32 + k
 *   0 .. B     the draw                y of x
 *
 * G reads z and writes columns 0 .. dim of xs rows B .. 2B. D reads xs.
 *
 * Gradients: d_logit (2B, 1) and d_f (2B, 128) have the rows of xs. The generator's loss uses their
 * rows B .. 2B only. d_gen (B, dim) is that of G(z).
 */
struct gad_anogan {
    size_t n, dim;
    struct gad_condition y;
    struct gad_params params;
    struct gad_sparse sparse; /* index of the real rows */
    struct gad_net generator, disc_f, disc_logit;
    struct gad_tape g, f, logit;
    struct gad_mat xs, z;
    struct gad_mat d_logit, d_f, d_gen; /* gradients */
};

/* Weights are zero: the caller runs gad_init_xavier() over all of params. GAD_ENOMEM or 0. */
int gad_anogan_init(struct gad_anogan *g, size_t n, size_t dim,
                    struct gad_condition y) GAD_MUST_CHECK;
void gad_anogan_deinit(struct gad_anogan *g);

struct gad_range gad_anogan_discriminator(const struct gad_anogan *g);

/* Columns 0 .. dim of rows 0 .. B of xs, and columns 0 .. 32 of z. The caller writes the batch
 * (n, dim) and the draw (n, 32) there before loss_d(), and a new draw before loss_g(), which
 * keeps the condition of that batch. */
struct gad_mat gad_anogan_x(const struct gad_anogan *g);
struct gad_mat gad_anogan_z(const struct gad_anogan *g);

/* L_D = mean BCE(D(x), 1) + mean BCE(D(G(z)), 0); gradients of D in params.grad. */
double gad_anogan_loss_d(struct gad_anogan *g, enum gad_dropout dropout,
                         struct gad_dropout_rng *rng);

/* L_G = mean BCE(D(G(z)), 1); gradients of G in params.grad. */
double gad_anogan_loss_g(struct gad_anogan *g, enum gad_dropout dropout,
                         struct gad_dropout_rng *rng);
