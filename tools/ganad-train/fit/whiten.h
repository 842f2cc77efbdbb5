/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Gives trained networks the whitened score (models/whiten.h): runs the training rows through them, fits the two
 * maps to the errors and puts them into the checkpoint.
 */

#include <stddef.h>

#include "lib/base/err.h"
#include "lib/checkpoint/checkpoint.h"

/* The memory of the two nets and of the list that has them. */
struct whitening {
    struct gad_ckpt_net *nets;
    struct gad_ckpt_layer layer[2];
    float *mem;
};

/* @x: (n, gad_ld(dim)) scaled rows. On success nets and score of @c are changed and point into @w, which has to live
 * as long. GAD_EINVAL with @d for a model without such a score. */
int whitening_fit(struct whitening *w, struct gad_checkpoint *c, size_t n, const float *x,
                  struct gad_diag *d) GAD_MUST_CHECK;
void whitening_deinit(struct whitening *w);
