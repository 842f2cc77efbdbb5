/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Checks whether disk.c could open a file for writing, without touching the file: for `ganadd -t`,
 * and to explain a failure. Thread: any. */

#include "lib/base/err.h"

struct config;
struct gad_diag;

/**
 * file_check() - checks whether the file at a path can be opened or created Creates, opens and
 * changes nothing. The answer is valid for the effective user of the process.
 * Returns 0; else @d says why not and what to do, without the path of the file itself.
 */
int file_check(const char *path, struct gad_diag *d) GAD_MUST_CHECK;

/* Checks each file of a configuration; @d names file, line and section. */
int file_check_config(const struct config *c, struct gad_diag *d) GAD_MUST_CHECK;
