/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Adds the joint score (models/joint.h) to networks: runs the training rows through them, fits the
 * map and adds it to the checkpoint.
 */

#include <stddef.h>

#include "lib/base/err.h"
#include "lib/checkpoint/checkpoint.h"

/* The memory of the map and of the extended list of nets. */
struct joint {
    struct gad_ckpt_net *nets;
    struct gad_ckpt_layer layer;
    float *mem;
};

/* @x: (n, gad_ld(dim)) scaled rows. On success nets and score of @c point into @j. GAD_EINVAL with
 * @d for a model without a joint score. */
int joint_fit(struct joint *j, struct gad_checkpoint *c, size_t n, const float *x,
              struct gad_diag *d) GAD_MUST_CHECK;
void joint_deinit(struct joint *j);
