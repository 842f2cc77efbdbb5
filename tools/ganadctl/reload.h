/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The request and the answer that the commands reload and model share. */

#include "tools/ganadctl/ctl.h"

/* Sends the request, waits until ganadd uses the models, and shows what changed. Returns the exit
 * code. @d: why ganadd refused, which is on stderr already. */
int reload_run(const Ganad__V1__ControlRequest *m, bool json, struct gad_diag *d);
