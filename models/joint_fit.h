/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Fitting of the map of a joint score (models/joint.h) to normal rows. The caller passes all rows
 * twice, in the same tiles or others: first for means and variances, then for correlations. A sum
 * of products in one pass would lose the digits of elements that hardly vary.
 */

#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct gad_diag;
struct gad_joint_fit;
struct gad_joint_layout;

int gad_joint_fit_new(const struct gad_joint_layout *l, struct gad_joint_fit **ret) GAD_MUST_CHECK;
void gad_joint_fit_free(struct gad_joint_fit *f);
GAD_DEFINE_CLEANUP(struct gad_joint_fit, gad_joint_fit_free);

enum { GAD_JOINT_FIT_TILE = 256 }; /* most rows of a call */

/* @v: (n, ld of the layout) */
void gad_joint_fit_moments(struct gad_joint_fit *f, size_t n, const float *v);
void gad_joint_fit_products(struct gad_joint_fit *f, size_t n, const float *v);

/**
 * gad_joint_fit_finish() - the layer y = v W + bias of the net "joint"
 * @weight: (n, n) row-major, n elements of the layout; upper triangular. @bias: (n)
 *
 * The correlations are shrunk towards 0: each variance is raised by a share of itself, 3e-4. An
 * element that did not vary has a standard deviation of about 3e-5.
 *
 * Returns 0; GAD_EINVAL with @d if there are no rows or an element is not finite.
 */
int gad_joint_fit_finish(struct gad_joint_fit *f, float *weight, float *bias,
                         struct gad_diag *d) GAD_MUST_CHECK;
