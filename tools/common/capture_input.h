/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The captures that a command reads, by name. */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

struct gad_diag;
struct gad_extractor;

/* "-" is the standard input, not a directory. */
bool capture_input_is_directory(const char *path);

/* Adds a file to a lane, or all files of a directory in the order of their last modification. Those
 * of a directory are optional. Returns 0, or an error with @d; with 0, @d can hold a warning. */
int capture_input_add(struct gad_extractor *x, size_t lane, const char *path, bool recursive,
                      struct gad_diag *d) GAD_MUST_CHECK;
