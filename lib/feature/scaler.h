/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Scaler: converts feature vectors from the units of the columns to the input of a network. Per
 * element
 *
 *     y = (t(x) - offset) / range,   t(x) = log1p(x) where the element is marked, else x
 *
 *     none        offset 0, range 1, no log
 *     minmax      offset min, range max - min of the training rows
 *     log-minmax  as minmax, on log1p(x) for elements whose training maximum is above 50
 *     standard    offset mean, range standard deviation (population)
 *     quantile    as minmax, but an element whose training maximum is above 1 (every count; rates
 *                 are not) has its own monotone curve: half its rank among the training rows, half
 *                 the minmax of its log1p. The rank spreads dense values, so 2 is far from 0 where
 *                 0 is usual; the log separates values that differ only in size
 *
 * An element that is constant in training has range 1 (scikit-learn's rule). Values outside the
 * training range are not clipped to it, because their distance is a signal for the model. They are
 * limited to +-GAD_SCALED_MAX, and NaN becomes 0, so a model receives only finite values.
 *
 * Arithmetic is float32, division included, so numpy gives the same bits (except for log1p).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct gad_scaler;

enum gad_scaler_kind {
    GAD_SCALER_NONE,
    GAD_SCALER_MINMAX,
    GAD_SCALER_LOG_MINMAX,
    GAD_SCALER_STANDARD,
    GAD_SCALER_QUANTILE,
    GAD_N_SCALERS
};

/* The squares of this, summed over any accepted row, stay finite in float32. */
#define GAD_SCALED_MAX 1e12f

/* "none", "minmax", "log-minmax", "standard", "quantile" */
const char *gad_scaler_kind_name(enum gad_scaler_kind k);
int gad_scaler_kind_by_name(const char *name); /* or -1 */

/*
 * The curves of kind quantile. Element j has n[j] knots, 0 (no curve) or 2 .. GAD_SCALER_KNOTS_MAX,
 * stored one element after the other; x = log1p(value) and y ascend strictly. Between knots y is
 * linear in log1p(value). Outside the knots a value continues from the nearest knot by
 * log1p(distance) / (2 x of the last knot): 471 connections can be the training maximum, and 511
 * must still be distinct.
 *
 * An element with knots is marked log, with offset 0 and range 1.
 */
enum { GAD_SCALER_KNOTS_MAX = 128 };
struct gad_scaler_knots {
    const uint32_t *n; /* (dim); NULL: no element has knots */
    const float *x, *y;
};

/**
 * gad_scaler_fit() - fits offsets and ranges
 * @x:   (n, dim) row-major, leading dimension ld, unscaled, finite; training rows only
 * Return: 0; GAD_EINVAL if n is 0 or a value is not finite; GAD_ENOMEM.
 */
int gad_scaler_fit(enum gad_scaler_kind kind, size_t n, size_t dim, const float *x, size_t ld,
                   struct gad_scaler **ret) GAD_MUST_CHECK;

/**
 * gad_scaler_new() - creates a scaler from the arrays of a checkpoint, each (dim)
 * @knots: copied; NULL or empty for all kinds except quantile
 * Return: 0; GAD_EFORMAT if an offset or range is not finite, a range is not positive, or the knots
 * are not as above; GAD_ELIMIT; GAD_ENOMEM.
 */
int gad_scaler_new(enum gad_scaler_kind kind, size_t dim, const bool *log, const float *offset,
                   const float *range, const struct gad_scaler_knots *knots,
                   struct gad_scaler **ret) GAD_MUST_CHECK;
void gad_scaler_free(struct gad_scaler *s);
GAD_DEFINE_CLEANUP(struct gad_scaler, gad_scaler_free);

enum gad_scaler_kind gad_scaler_kind(const struct gad_scaler *s);
const bool *gad_scaler_log(const struct gad_scaler *s);     /* (dim) */
const float *gad_scaler_offset(const struct gad_scaler *s); /* (dim) */
const float *gad_scaler_range(const struct gad_scaler *s);  /* (dim) */
struct gad_scaler_knots
gad_scaler_knots(const struct gad_scaler *s); /* valid as long as the scaler */

/* Scales (n, dim) with leading dimension ld in place; elements dim .. ld are unchanged. No
 * allocation. */
void gad_scaler_apply(const struct gad_scaler *s, size_t n, float *x, size_t ld);

/* Returns the unscaled value of element j: the inverse for one value, for display. */
float gad_scaler_invert(const struct gad_scaler *s, size_t j, float y);
