/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The curves of the quantile scaler: per element a monotone function through knots (defined in
 * lib/feature/scaler.h), with a table for small whole numbers, the most frequent values.
 *
 * Source of the idea: scikit-learn's QuantileTransformer maps to ranks alone; half of log1p is
 * ours.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/feature/scaler.h"

struct gad_curves;

/* Copies the knots. Returns GAD_EFORMAT if they do not ascend or an element has too many;
 * GAD_ENOMEM. */
int gad_curves_new(size_t dim, const struct gad_scaler_knots *knots,
                   struct gad_curves **ret) GAD_MUST_CHECK;
void gad_curves_free(struct gad_curves *c);

struct gad_scaler_knots gad_curves_knots(const struct gad_curves *c);
bool gad_curves_has(const struct gad_curves *c, size_t j);

/* @x: any value; NaN gives NaN. */
float gad_curves_apply(const struct gad_curves *c, size_t j, float x);
float gad_curves_invert(const struct gad_curves *c, size_t j, float y);

/**
 * gad_curve_fit() - fits the knots of one element
 * @v: (n) its values, finite; this call sorts them. The largest is above the smallest and above -1
 * @x, @y: space for GAD_SCALER_KNOTS_MAX
 * Return: number of knots, at least 2.
 */
size_t gad_curve_fit(size_t n, float *v, float *x, float *y);
