/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * GANomaly for dense features: networks, losses and their gradients for one batch. Optimisers, the
 * random order of the rows and the export are in ganomaly_train.c and trainer.c. This part alone is
 * also compiled in double, and central differences check its losses as a whole.
 *
 *     E   encoder    dim -> e LReLU -> 32
 *     G   decoder    32 -> g1 ReLU -> g2 ReLU -> dim
 *     E'  encoder2   dim -> e LReLU -> 32, with weights separate from those of E
 *     D   disc_f     dim -> 256 LReLU -> 128 LReLU = f
 *         disc_logit f (128) -> 1 logit
 *
 * e, g1 and g2 are a struct gad_widths. LReLU slope 0.2. Source: Akcay et al. 2018 (arXiv
 * 1805.06725) and their code, which is for images. The activations are those of the code (encoder
 * and discriminator leaky, decoder plain ReLU). The dense sizes and the linear output are ours. So
 * is leaving out batch norm, with biases in its place. A checkpoint has disc_f and disc_logit as
 * one net, "disc".
 */

#include "lib/nn/loss.h"
#include "lib/nn/net.h"
#include "models/widths.h"

enum { GAD_GANOMALY_LATENT = 32 };

struct gad_ganomaly_loss {
    double w_adversarial, w_contextual, w_encoder;
    bool bce; /* adversarial loss BCE(D(x'), 1) in place of that on f */
};

/*
 * Batches are stacked as rows. B is the batch (n):
 *
 *              xs (2B, dim)               on the tapes
 *   rows       columns 0 .. dim           f (2B, 128)   logit (2B, 1)
 *   0 .. B     x, the real rows           f(x)          D(x)
 *   B .. 2B    x' = G(E(x)), reconstr.    f(x')         D(x')
 *
 *   z  = E(x)    (B, 32), output of tape e; the decoder reads it and writes xs rows B .. 2B
 *   z' = E'(x')  (B, 32), output of tape e2
 *
 * Nothing is drawn: a fake row is the reconstruction of the real row B places before it.
 *
 * Gradients: d_logit (2B, 1) and d_f (2B, 128) have the rows of xs. The generator's loss uses their
 * rows B .. 2B only. d_fake (B, dim) is that of x', d_z and d_z2 (B, 32) those of z and z'.
 */
struct gad_ganomaly {
    size_t n, dim;
    struct gad_ganomaly_loss loss;
    struct gad_widths widths;
    struct gad_params params;
    struct gad_sparse sparse; /* index of the real rows */
    struct gad_net encoder, decoder, encoder2, disc_f, disc_logit;
    struct gad_tape e, g, e2, f, logit;
    struct gad_mat xs;
    struct gad_mat d_logit, d_f, d_fake, d_z, d_z2; /* gradients */
};

/* Weights are zero: the caller runs gad_init_xavier() over all of params. GAD_ENOMEM or 0. */
int gad_ganomaly_init(struct gad_ganomaly *g, size_t n, size_t dim,
                      const struct gad_ganomaly_loss *loss, struct gad_widths w) GAD_MUST_CHECK;
void gad_ganomaly_deinit(struct gad_ganomaly *g);

struct gad_range gad_ganomaly_generator(const struct gad_ganomaly *g); /* E, G and E' */
struct gad_range gad_ganomaly_discriminator(const struct gad_ganomaly *g);

/* Rows 0 .. B of xs. The caller writes the batch (n, dim) there. */
struct gad_mat gad_ganomaly_x(const struct gad_ganomaly *g);

/* Forward through all networks, D on x and on x'. Call it before the two functions below. */
void gad_ganomaly_forward(struct gad_ganomaly *g);

/* w_adversarial mean (f(x) - f(x'))^2 (with bce: mean BCE(D(x'), 1)) + w_contextual mean |x - x'| +
 * w_encoder mean (z - z')^2, means over all elements. Gradients of E, G and E' in params.grad. */
double gad_ganomaly_loss_g(struct gad_ganomaly *g);

/* (mean BCE(D(x), 1) + mean BCE(D(x'), 0)) / 2; gradients of D in params.grad. Uses the tapes of
 * the forward pass, so the generator's weights may change before this call. */
double gad_ganomaly_loss_d(struct gad_ganomaly *g);
