/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Checks of a configuration that concern more than one key. */

#include "lib/base/err.h"

struct config;
struct config_value;
struct gad_diag;

int config_check(const struct config *c, struct gad_diag *d) GAD_MUST_CHECK;

/*
 * The value of a key of a section, from that section's values @value. The key must be in the table.
 */
const struct config_value *config_value_of(const struct config_value *value, const char *section,
                                           const char *key);
