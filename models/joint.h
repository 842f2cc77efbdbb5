/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The joint score: how unusual a row is in what the networks compute of it, by the Mahalanobis
 * distance with a bounded part of each component.
 *
 *     v = the hidden activations of the networks, then x - x'        (n)
 *     u = W (v - mu)    W^T W: the inverse covariance of v over normal rows, W triangular
 *     A = 1/n sum_i u_i^2 / (1 + u_i^2 / 10)
 *
 * Component i is what element i deviates from its prediction by the elements before it, in standard
 * deviations. The differences are last, so they count as far as the activations do not explain
 * them. A component contributes at most 10. So a record with one name that did not train, which is
 * thousands of deviations off, does not outrank one that is unusual in many ways. Bound: the
 * estimator of S. Geman and D. McClure 1987.
 *
 * Published scores add unscaled errors; the survey has no such score. Form and bound were chosen by
 * measurement (models/REFERENCES.md).
 *
 * The map is the net "joint" of the checkpoint: one linear layer (n, n), upper triangular.
 */

#include <stddef.h>

#include "lib/base/err.h"
#include "lib/nn/kernel.h"

struct gad_chain;
struct gad_checkpoint;
struct gad_diag;

enum { GAD_JOINT_PARTS_MAX = 32 };

/* Where the elements of v are: parts side by side, each padded to whole registers. */
struct gad_joint_layout {
    size_t n_parts, width[GAD_JOINT_PARTS_MAX]; /* without padding */
    size_t n, ld;                               /* all elements; with padding */
};

void gad_joint_add(struct gad_joint_layout *l, size_t width);
void gad_joint_add_hidden(struct gad_joint_layout *l, const struct gad_chain *c);

size_t gad_joint_hidden_width(const struct gad_chain *c); /* with padding */

/* v's last part, x - x', for rows of ld floats. */
void gad_joint_difference(const struct gad_joint_layout *l, size_t n, const float *x,
                          const float *xhat, float *v);

/* Fills column (l->n): the place of each element in a row of v. */
void gad_joint_columns(const struct gad_joint_layout *l, size_t *column);

struct gad_joint {
    size_t n, n_blocks, ld;           /* ld: padded width of u */
    struct gad_kernel_weights *block; /* (n_blocks) column ranges of the map, without its zeros */
    float *weights, *bias;
};

/* GAD_EMISMATCH with @d if the net is missing, has another width, is not one linear layer or not
 * triangular. On failure @ret is untouched. */
int gad_joint_load(const struct gad_checkpoint *c, const struct gad_joint_layout *l,
                   struct gad_joint *ret, struct gad_diag *d) GAD_MUST_CHECK;
void gad_joint_deinit(struct gad_joint *j);

/* @v: (n, ld of the layout), padding 0. @u: (n, j->ld), overwritten. @score: (n) */
void gad_joint_score(const struct gad_joint *j, const struct gad_kernel *k, size_t n,
                     const float *v, size_t ldv, float *u, float *score);
