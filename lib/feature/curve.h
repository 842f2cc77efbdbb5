/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The curves of the quantile scaler: per element a monotone function through knots (lib/feature/scaler.h says
 * what it is), with a table for the whole numbers that most values are.
 *
 * Source of the idea: scikit-learn's QuantileTransformer maps to ranks alone; half of log1p is ours.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/feature/scaler.h"

struct gad_curves;

/* Copies the knots. GAD_EFORMAT if they do not ascend or there are too many of an element; GAD_ENOMEM. */
int gad_curves_new(size_t dim, const struct gad_scaler_knots *knots,
                   struct gad_curves **ret) GAD_MUST_CHECK;
void gad_curves_free(struct gad_curves *c);

struct gad_scaler_knots gad_curves_knots(const struct gad_curves *c);
bool gad_curves_has(const struct gad_curves *c, size_t j);

/* @x: any; NaN comes out as NaN. */
float gad_curves_apply(const struct gad_curves *c, size_t j, float x);
float gad_curves_invert(const struct gad_curves *c, size_t j, float y);

/**
 * gad_curve_fit() - knots of one element
 * @v: (n) its values, finite; sorted by this call. The largest is above the smallest and above -1
 * @x, @y: room for GAD_SCALER_KNOTS_MAX
 * Return: how many knots, 2 at least.
 */
size_t gad_curve_fit(size_t n, float *v, float *x, float *y);
