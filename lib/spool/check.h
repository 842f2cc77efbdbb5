/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Could a spool be opened, without opening it: for who checks a configuration. */

#include <stdbool.h>

#include "lib/base/err.h"

struct gad_diag;

/**
 * gad_spool_check() - would gad_spool_open() have what it needs?
 * @ret_is_used: another process writes to it now; that is no error here
 *
 * Looks at the directory, or if it is not there at the one that it would be made in, and at the state file. Changes
 * nothing; a shared lock of the state file is held for a moment. Return: 0 or why not, with the path in @d.
 */
int gad_spool_check(const char *directory, bool *ret_is_used, struct gad_diag *d) GAD_MUST_CHECK;
