/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Losses. Each returns its mean, unweighted and summed in double, and adds weight times its
 * gradient to the gradient matrices. So several losses of one tensor are accumulated by one call
 * each. A gradient matrix can be gad_mat_none().
 */

#include "lib/nn/mat.h"

/* Mean over the n rows of logit (n, 1) of the cross entropy with one target for all, 0 or 1.
 * For a logit x and target 1 it is log(1 + exp(-x)), for target 0 log(1 + exp(x)). */
double gad_loss_bce(struct gad_mat logit, int target, double weight, struct gad_mat dlogit);

/* Mean over all elements of |a - b|. The gradient at a = b is 0. */
double gad_loss_l1(struct gad_mat a, struct gad_mat b, double weight, struct gad_mat da,
                   struct gad_mat db);

/* Mean over all elements of (a - b)^2. On features of real and fake rows: GANomaly's adversarial
 * loss. */
double gad_loss_l2(struct gad_mat a, struct gad_mat b, double weight, struct gad_mat da,
                   struct gad_mat db);

/**
 * gad_loss_feature_matching() - mean over features of (mean over rows of a - mean over rows of b)^2
 *
 * Unlike gad_loss_l2() it compares no pairs of rows, only the means over the batch.
 * Source: Salimans et al. 2016, section 3.1, divided by the number of features.
 */
double gad_loss_feature_matching(struct gad_mat a, struct gad_mat b, double weight,
                                 struct gad_mat da, struct gad_mat db);
