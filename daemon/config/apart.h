/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Checks that no two settings use the same file or socket: a file with two writers cannot be read.
 */

#include "lib/base/err.h"

struct config;
struct gad_diag;

/*
 * Paths are compared as the file system resolves them: `//`, `..`, symbolic links to directories
 * and hard links count. The files that rotation keeps (FILE.1, FILE.2, ...) count as well. Two
 * outputs may share a file if they write the same format and neither rotates it. Returns 0;
 * GAD_EINVAL with both places in @d; GAD_ENOMEM.
 */
int config_check_apart(const struct config *c, struct gad_diag *d) GAD_MUST_CHECK;
