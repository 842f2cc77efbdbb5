/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * BiGAN (EGBAD) for dense features: networks, losses and their gradients for one batch. Optimisers,
 * the random order of the rows and the export are in egbad_train.c and trainer.c. This part alone
 * is also compiled in double, and central differences check its losses as a whole.
 *
 *   E  encoder        dim -> e LReLU -> 32
 *   G  generator      32 -> g1 ReLU -> g2 ReLU -> dim
 *   D  disc_x         dim -> 128 LReLU, dropout
 *      disc_z         32 -> 128 LReLU, dropout
 *      disc_f         [disc_x, disc_z] (256) -> 128 LReLU, dropout = f
 *      disc_logit     f (128) -> 1 logit
 *
 * e, g1 and g2 are a struct gad_widths. LReLU slope 0.1, dropout 0.2. Source: Zenati et al. 2018
 * (arXiv 1802.06222), their KDD99 code. A checkpoint has disc_f and disc_logit as one net,
 * "disc_head".
 *
 * Conditional, on the elements y of each row: G and disc_z read [z, y] in place of z, so that both
 * pairs carry the y that they were made for. The fake pairs take y from the rows of their batch. E
 * reads x, of which y is already a part. To append y there would only give the first layer the same
 * numbers twice, with weights that add up to what one set can be. In this we differ from the
 * published conditional BiGAN.
 */

#include "lib/nn/loss.h"
#include "lib/nn/net.h"
#include "models/condition.h"
#include "models/widths.h"

enum { GAD_EGBAD_LATENT = 32 };

/* Additions to the published loss of E and G. */
struct gad_egbad_loss {
    double residual;       /* weight of mean |x - G(E(x))| in the losses of E and of G */
    bool residual_e_only;  /* in the loss of E alone, as in the survey */
    bool feature_matching; /* on means of f over real and fake rows instead of on logits */
};

/*
 * Batches are stacked as rows. B is the batch (n), k the width of the condition y (0 without one):
 *
 *                xs (3B, dim)          zs (3B, 32 + k)
 *     rows       columns 0 .. dim      0 .. 32       32 .. 32 + k    a pair of D?
 *     0 .. B     x, the real rows      E(x)          y of x          the real pair (x, E(x))
 *     B .. 2B    G(z), generated       z, the draw   y of x          the fake pair (G(z), z)
 *     2B .. 3B   G(E(x)), reconstr.    E(x), copied  y of x          no; for the residual only
 *
 * Without a residual, rows 2B .. 3B do not exist. G reads zs rows B .. and writes xs rows B ..; E
 * writes zs rows 0 .. B. D reads the first 2B rows. Its first layers write side by side:
 *
 *                pair (2B, 256)
 *     rows       columns 0 .. 128      128 .. 256
 *     0 .. B     disc_x(x)             disc_z(E(x))      ]  disc_f -> f (2B, 128)
 *     B .. 2B    disc_x(G(z))          disc_z(z)         ]  disc_logit -> logit (2B, 1)
 *
 * Gradients:
 *
 *     d_logit (2B, 1), d_f (2B, 128), d_pair (2B, 256)   the rows of pair
 *     d_gen (B or 2B, dim), d_latent (B or 2B, 32)       those of G: z, then with a residual E(x)
 *     d_code (B, 32)                                     that of E(x)
 */
struct gad_egbad {
    size_t n, dim;
    struct gad_egbad_loss loss;
    struct gad_widths widths;
    struct gad_condition y;
    struct gad_params params;
    struct gad_sparse sparse; /* index of the real rows */
    struct gad_net encoder, generator, disc_x, disc_z, disc_f, disc_logit;
    struct gad_tape e, g, x, z, f, logit;
    struct gad_mat xs, zs, pair;
    struct gad_mat d_logit, d_f, d_pair, d_gen, d_latent, d_code; /* gradients */
};

/* Weights are zero: the caller runs gad_init_xavier() over all of params. GAD_ENOMEM or 0. */
int gad_egbad_init(struct gad_egbad *g, size_t n, size_t dim, const struct gad_egbad_loss *loss,
                   struct gad_condition y, struct gad_widths w) GAD_MUST_CHECK;
void gad_egbad_deinit(struct gad_egbad *g);

struct gad_range gad_egbad_discriminator(const struct gad_egbad *g);

/* Rows 0 .. B of xs and columns 0 .. 32 of rows B .. 2B of zs. The caller writes the batch (n, dim)
 * and the draw (n, 32) there before each call of the two functions below. */
struct gad_mat gad_egbad_x(const struct gad_egbad *g);
struct gad_mat gad_egbad_z(const struct gad_egbad *g);

/* L_D = mean BCE(D(x, E(x)), 1) + mean BCE(D(G(z), z), 0); gradients of D in params.grad. */
double gad_egbad_loss_d(struct gad_egbad *g, enum gad_dropout dropout, struct gad_dropout_rng *rng);

/* L_G = mean BCE(D(G(z), z), 1), L_E = mean BCE(D(x, E(x)), 0); with feature_matching both are
 * that loss on f. Each plus the weighted residual, L_G not with residual_e_only. Gradients of
 * L_G by G and of L_E by E in params.grad. */
void gad_egbad_loss_ge(struct gad_egbad *g, enum gad_dropout dropout, struct gad_dropout_rng *rng,
                       double *ret_g, double *ret_e);
