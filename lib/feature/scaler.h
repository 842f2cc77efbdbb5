/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Scaler: feature vectors in the units of the columns to what a network is fed. Per element
 *
 *     y = (t(x) - offset) / range,   t(x) = log1p(x) where the element is marked, else x
 *
 *   none        offset 0, range 1, no log
 *   minmax      offset min, range max - min of the training rows
 *   log-minmax  as minmax, on log1p(x) for elements whose training maximum is above 50
 *   standard    offset mean, range standard deviation (population)
 *
 * An element constant in training has range 1 (scikit-learn's rule). Values outside the training range are
 * not clipped to it: how far out they lie is what the model is there to see. They are only kept finite and
 * within +-GAD_SCALED_MAX, and NaN becomes 0: a model is never handed either.
 *
 * Arithmetic is float32, division included, so that numpy gives the same bits (but for log1p).
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct gad_scaler;

enum gad_scaler_kind {
    GAD_SCALER_NONE,
    GAD_SCALER_MINMAX,
    GAD_SCALER_LOG_MINMAX,
    GAD_SCALER_STANDARD,
    GAD_N_SCALERS
};

/* Squares of this, summed over any row we accept, stay finite in float32. */
#define GAD_SCALED_MAX 1e12f

const char *
gad_scaler_kind_name(enum gad_scaler_kind k);  /* "none", "minmax", "log-minmax", "standard" */
int gad_scaler_kind_by_name(const char *name); /* or -1 */

/**
 * gad_scaler_fit() - learn offsets and ranges
 * @x:   (n, dim) row-major, leading dimension ld, unscaled, finite; training rows only
 * Return: 0; GAD_EINVAL if n is 0 or a value is not finite; GAD_ENOMEM.
 */
int gad_scaler_fit(enum gad_scaler_kind kind, size_t n, size_t dim, const float *x, size_t ld,
                   struct gad_scaler **ret) GAD_MUST_CHECK;

/**
 * gad_scaler_new() - from the arrays of a checkpoint, each (dim)
 * Return: 0; GAD_EFORMAT if an offset or range is not finite or a range is not positive; GAD_ELIMIT; GAD_ENOMEM.
 */
int gad_scaler_new(enum gad_scaler_kind kind, size_t dim, const bool *log, const float *offset,
                   const float *range, struct gad_scaler **ret) GAD_MUST_CHECK;
void gad_scaler_free(struct gad_scaler *s);
GAD_DEFINE_CLEANUP(struct gad_scaler, gad_scaler_free);

enum gad_scaler_kind gad_scaler_kind(const struct gad_scaler *s);
size_t gad_scaler_dim(const struct gad_scaler *s);
const bool *gad_scaler_log(const struct gad_scaler *s);     /* (dim) */
const float *gad_scaler_offset(const struct gad_scaler *s); /* (dim) */
const float *gad_scaler_range(const struct gad_scaler *s);  /* (dim) */

/* Scales (n, dim) with leading dimension ld in place; elements dim .. ld are not touched. No allocation. */
void gad_scaler_apply(const struct gad_scaler *s, size_t n, float *x, size_t ld);

/* What element j looked like before: the inverse for one value, for display. */
float gad_scaler_invert(const struct gad_scaler *s, size_t j, float y);
