/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The whitened score: how unusual a row's errors are among the errors of normal rows, by the
 * Mahalanobis distance.
 *
 *     A = 1/dim |W_r (r - mu_r)|^2 + 1/k |W_e (e - mu_e)|^2
 *     W^T W: the inverse covariance of normal rows
 *
 * r = x - x' is the residual (dim). e (k) is the model's other error: GANomaly z - z', EGBAD
 * f(z, x) - f(z, x'). A published score adds the unscaled errors, so columns that are always
 * reconstructed badly hide those that never are. Here an error counts by its distance from the
 * usual, and errors that are correlated count once. On normal rows each term has a mean of about 1.
 *
 * The two maps are nets of the checkpoint, "whiten_r" (dim, dim) and "whiten_e" (k, k): one linear
 * layer each. Source: P. C. Mahalanobis 1936; the use on a GAN's errors is ours
 * (models/REFERENCES.md).
 */

#include <stddef.h>

#include "models/chain.h"
#include "models/scratch.h"

struct gad_errors;

struct gad_whiten {
    struct gad_chain r, e;
};

/* @n_e: k of the model. GAD_EMISMATCH with @d if a net is missing, is not one linear layer, or has
 * another width. On failure @ret is untouched. */
int gad_whiten_load(const struct gad_checkpoint *c, size_t dim, size_t n_e, struct gad_whiten *ret,
                    struct gad_diag *d) GAD_MUST_CHECK;
void gad_whiten_deinit(struct gad_whiten *w);

struct gad_whiten_parts {
    float *difference, *whitened, *zero; /* (n, widest of the two) */
    float *distance;                     /* (n) */
};
struct gad_whiten_parts gad_whiten_lay_out(const struct gad_whiten *w, size_t n,
                                           struct gad_scratch *ws);

/* @x: (n, gad_ld(dim)) */
void gad_whiten_score(const struct gad_whiten *w, const struct gad_kernel *k, size_t n,
                      const float *x, const struct gad_errors *e, const struct gad_whiten_parts *s,
                      float *score);
