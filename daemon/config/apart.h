/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Files and sockets of a configuration that must not be the same: what two write into one file cannot be read. */

#include "lib/base/err.h"

struct config;
struct gad_diag;

/*
 * Paths are compared as the file system has them: `//`, `..`, symbolic links of directories and hard links count. Files
 * that one of them is moved away to (FILE.1, FILE.2, ...) are its own, too. Two outputs may share a file if what they
 * write looks the same and neither moves it away. Return: 0; GAD_EINVAL with both places in @d; GAD_ENOMEM.
 */
int config_check_apart(const struct config *c, struct gad_diag *d) GAD_MUST_CHECK;
