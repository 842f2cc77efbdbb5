/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What no single key of a configuration can show. */

#include "lib/base/err.h"

struct config;
struct gad_diag;

int config_check(const struct config *c, struct gad_diag *d) GAD_MUST_CHECK;
