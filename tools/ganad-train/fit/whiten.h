/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Adds the whitened score (models/whiten.h) to trained networks: runs the training rows through
 * them, fits the two maps to the errors and adds the maps to the checkpoint.
 */

#include <stddef.h>

#include "lib/base/err.h"
#include "lib/checkpoint/checkpoint.h"

/* The memory of the two nets and of the extended list of nets. */
struct whitening {
    struct gad_ckpt_net *nets;
    struct gad_ckpt_layer layer[2];
    float *mem;
};

/* @x: (n, gad_ld(dim)) scaled rows. On success nets and score of @c point into @w. GAD_EINVAL with
 *     @d for a
 * model without a whitened score. */
int whitening_fit(struct whitening *w, struct gad_checkpoint *c, size_t n, const float *x,
                  struct gad_diag *d) GAD_MUST_CHECK;
void whitening_deinit(struct whitening *w);
