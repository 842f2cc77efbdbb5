/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the commands reload and model say to the daemon, and what they show of its answer. */

#include <stdbool.h>

#include "proto/ganad.pb-c.h"

struct ctl;
struct gad_diag;

/* Asks, waits until the models are in place, and shows what has changed; returns the exit code. @d: why it was refused,
 * which is on stderr already. */
int reload_run(const struct ctl *ctl, Ganad__V1__ControlRequest *m, bool json, struct gad_diag *d);
