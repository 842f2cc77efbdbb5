/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A copy of the networks as they were at the end of an epoch, because the trainer goes on changing its own.
 */

#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/checkpoint/checkpoint.h"

struct snapshot;

/* Copies the nets of @c; their names stay the trainer's. */
int snapshot_new(const struct gad_checkpoint *c, struct snapshot **ret) GAD_MUST_CHECK;
void snapshot_free(struct snapshot *s);
GAD_DEFINE_CLEANUP(struct snapshot, snapshot_free);

/* The weights of all nets, for who keeps them elsewhere. */
float *snapshot_weights(struct snapshot *s, size_t *ret_n);

/* Points the nets of @c at the copy. */
void snapshot_fill(struct snapshot *s, struct gad_checkpoint *c);
