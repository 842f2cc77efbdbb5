/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Events with every field set, and texts that try to break out of a format. */

#include "lib/base/rng.h"
#include "lib/event/event.h"

/* @hostile: texts of any bytes but NUL, else printable ones. */
void random_event(struct gad_rng *rng, bool hostile, struct gad_event *ret);
