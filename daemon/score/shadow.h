/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Models on trial: a shadow scores what the models in use have scored, raises no alert and answers nobody; how often its
 * verdict was another one is counted. It costs what a model costs.
 *
 * Thread: the scorer's.
 */

#include <stddef.h>

#include "lib/base/time.h"

struct gad_record;
struct job;

/* @room: for MODEL_ROWS records; @job: (n), scored. Fills what their shadows counted. */
void shadow_score(struct gad_record *room, struct job *const *job, size_t n, struct gad_time now);
