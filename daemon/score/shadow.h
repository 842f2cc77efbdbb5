/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Models on trial. A shadow scores the records that the models in use have scored; it raises no
 * alert and answers no client. The daemon counts how often its verdict differs. It costs as much as
 * any model.
 *
 * Thread: the scorer's.
 */

#include <stddef.h>

#include "lib/base/time.h"

struct gad_record;
struct job;

/* @scratch: (MODEL_ROWS); @job: (n), scored. Fills in the counts of their shadows. */
void shadow_score(struct gad_record *scratch, struct job *const *job, size_t n,
                  struct gad_time now);
