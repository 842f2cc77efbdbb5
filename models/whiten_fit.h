/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Fitting of a whitening map (models/whiten.h) to the errors of normal rows, in double.
 */

#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct gad_diag;
struct gad_whiten_fit;

int gad_whiten_fit_new(size_t width, struct gad_whiten_fit **ret) GAD_MUST_CHECK;
void gad_whiten_fit_free(struct gad_whiten_fit *f);
GAD_DEFINE_CLEANUP(struct gad_whiten_fit, gad_whiten_fit_free);

size_t gad_whiten_fit_width(const struct gad_whiten_fit *f);

/* Adds the errors a - b of n rows; (n, ld) each. */
void gad_whiten_fit_add(struct gad_whiten_fit *f, size_t n, const float *a, const float *b,
                        size_t ld);

/**
 * gad_whiten_fit_finish() - the layer y = d W + bias with |y|^2 = (d - mu)^T (C + ridge)^-1 (d -
 *   mu)
 * @ridge:  added to the diagonal, as a share of the mean variance: without it an error that never
 *          varied would have infinite weight. 0 < ridge
 * @weight: (width, width) row-major; upper triangular. @bias: (width)
 * Returns 0; GAD_EINVAL with @d if no rows were added or an error is not finite.
 */
int gad_whiten_fit_finish(struct gad_whiten_fit *f, double ridge, float *weight, float *bias,
                          struct gad_diag *d) GAD_MUST_CHECK;
