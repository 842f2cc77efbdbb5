/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Evaluation protocols: which rows train, which calibrate and which test. All halve the rows by
 * numpy's permutation, so that the published split is reproduced bit for bit; they differ in the
 * class that is learned.
 *
 *   survey   the first half trains, attacks only; in the other half, in file order, normal rows
 *            are the positives. As in Zenati's EGBAD code (seed 42), and the survey after it.
 *   normal   the same halves; only normal rows train, attacks are the positives. For deployment.
 *   normal-unique   as normal, each record once: of equal rows the first trains; a row tests if
 *            no earlier row of the test half and no row of the training class in the training half
 *            is equal to it. Two thirds of KDD99's rows are copies, most of them of a few floods,
 *            which otherwise dominate every figure.
 *
 * Part of the training class is held out of the training rows: its scores calibrate a checkpoint.
 *
 * Source: houssamzenati/Efficient-GAN-Anomaly-Detection data/kdd.py; pandas
 * DataFrame.sample(frac=0.5).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct gad_diag;

enum gad_protocol { GAD_SURVEY, GAD_NORMAL, GAD_NORMAL_UNIQUE, GAD_N_PROTOCOLS };

#define GAD_SPLIT_SEED        42  /* of the published split */
#define GAD_SPLIT_CALIBRATION 0.1 /* held out of the training class by default */

struct gad_split_options {
    enum gad_protocol protocol;
    uint32_t seed;      /* of the permutation and of the choice of calibration rows */
    double calibration; /* share of the training class, [0, 1) */
};

/* Row numbers. Training and calibration rows are in the order of the permutation, test rows in file
 * order. */
struct gad_split {
    uint32_t *train, *calibration, *test;
    size_t n_train, n_calibration, n_test;
    bool positive_is_normal; /* which class of the test rows is to be detected */
};

/**
 * gad_split_make() - halves n rows and chooses
 * @is_normal: (n)
 * @first:     (n) number of the first row that is equal to each; only for normal-unique, else NULL
 * @ret:       the caller's storage, overwritten on success; gad_split_deinit() frees the arrays
 * Return: 0; GAD_ELIMIT if n is 2^32 or more; GAD_EINVAL if no row remains to train or to test, or
 * the share is out of range; GAD_ENOMEM.
 */
int gad_split_make(const struct gad_split_options *opt, size_t n, const bool *is_normal,
                   const uint32_t *first, struct gad_split *ret, struct gad_diag *d) GAD_MUST_CHECK;

/* Reduces n rows to at most max, evenly spaced and in their order; returns their number. */
size_t gad_split_thin(uint32_t *row, size_t n, size_t max);

void gad_split_deinit(struct gad_split *s);
