/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What no single key of a configuration can show. */

#include "lib/base/err.h"

struct config;
struct config_value;
struct gad_diag;

int config_check(const struct config *c, struct gad_diag *d) GAD_MUST_CHECK;

/* What was written for a key of a section; @value: that section's. The key must be in the table. */
const struct config_value *config_value_of(const struct config_value *value, const char *section,
                                           const char *key);
