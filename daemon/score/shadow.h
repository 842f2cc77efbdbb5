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

struct gad_memo_use;
struct job;

/* @job: (n), scored. Fills in the counts of their shadows, and adds to @use. */
void shadow_score(struct job *const *job, size_t n, struct gad_time now, struct gad_memo_use *use);
