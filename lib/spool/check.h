/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Checks whether a spool can be opened, without opening it: for a check of the configuration. */

#include <stdbool.h>

#include "lib/base/err.h"

struct gad_diag;

/**
 * gad_spool_check() - checks whether gad_spool_open() would have what it needs
 * @ret_is_used: another process writes to the spool now, which is not an error here
 *
 * Checks the directory, or its parent if it does not exist, and the state file. Changes nothing,
 * but holds a shared lock of the state file for a moment. Returns 0, or an error with the path in
 * @d.
 */
int gad_spool_check(const char *directory, bool *ret_is_used, struct gad_diag *d) GAD_MUST_CHECK;
