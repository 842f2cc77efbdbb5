/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * GANomaly for dense features: networks, losses and their gradients for one batch. Optimisers, random order
 * and what is exported are in ganomaly_train.c; this part alone is also compiled in double and its losses are
 * checked whole by central differences.
 *
 *   E   encoder    dim -> 64 LReLU -> 32
 *   G   decoder    32 -> 64 ReLU -> 128 ReLU -> dim
 *   E'  encoder2   dim -> 64 LReLU -> 32, weights of its own
 *   D   disc       dim -> 256 LReLU -> 128 LReLU = f -> 1 logit
 *
 * LReLU slope 0.2. Source: Akcay et al. 2018 (arXiv 1805.06725) and their code, which is for images: the
 * activations are its (encoder and discriminator leaky, decoder plain ReLU), the dense sizes and the linear
 * output are ours, and so is leaving out batch norm, with biases in its place.
 */

#include "lib/nn/loss.h"
#include "lib/nn/net.h"

enum { GAD_GANOMALY_LATENT = 32 };

struct gad_ganomaly_loss {
    double w_adversarial, w_contextual, w_encoder;
    bool bce; /* G against the verdict of D, BCE(D(x'), 1), in place of the features f */
};

/* Stacked batches: real rows x, then fake rows x' = G(E(x)), as D sees them. */
struct gad_ganomaly {
    size_t n, dim;
    struct gad_ganomaly_loss loss;
    struct gad_params params;
    struct gad_sparse sparse; /* of the real rows */
    struct gad_net encoder, decoder, encoder2, disc_f, disc_logit;
    struct gad_tape e, g, e2, f, logit;
    struct gad_mat xs;                              /* (2n, dim) */
    struct gad_mat d_logit, d_f, d_fake, d_z, d_z2; /* gradients */
};

/* Weights are zero: gad_init_xavier() over all of params. GAD_ENOMEM or 0. */
int gad_ganomaly_init(struct gad_ganomaly *g, size_t n, size_t dim,
                      const struct gad_ganomaly_loss *loss) GAD_MUST_CHECK;
void gad_ganomaly_deinit(struct gad_ganomaly *g);

struct gad_range gad_ganomaly_generator(const struct gad_ganomaly *g); /* E, G and E' */
struct gad_range gad_ganomaly_discriminator(const struct gad_ganomaly *g);

/* Where the caller puts the batch (n, dim). */
struct gad_mat gad_ganomaly_x(const struct gad_ganomaly *g);

/* Forward through everything, D on x and on x': before the two below. */
void gad_ganomaly_forward(struct gad_ganomaly *g);

/* w_adversarial mean (f(x) - f(x'))^2 (with bce: mean BCE(D(x'), 1)) + w_contextual mean |x - x'| + w_encoder mean (z - z')^2, means over all
 * elements; gradients of E, G and E' in params.grad. */
double gad_ganomaly_loss_g(struct gad_ganomaly *g);

/* (mean BCE(D(x), 1) + mean BCE(D(x'), 0)) / 2; gradients of D in params.grad. It belongs to the forward pass,
 * so it may be called after the generator's weights were moved. */
double gad_ganomaly_loss_d(struct gad_ganomaly *g);
