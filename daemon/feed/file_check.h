/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whether a file can be written to as lines_open() would, without touching it: for `ganadd -t`, and for the text of an
 * error when opening failed. Thread: any.
 */

#include "lib/base/err.h"

struct config;
struct gad_diag;

/**
 * file_check() - look whether the file at a path can be opened, or created
 * Nothing is created, opened or changed. The answer is that for the caller's user.
 * Return: 0; else @d says why not and what to do, without the path of the file itself.
 */
int file_check(const char *path, struct gad_diag *d) GAD_MUST_CHECK;

/* The same for each file of a configuration; @d names file, line and section. */
int file_check_config(const struct config *c, struct gad_diag *d) GAD_MUST_CHECK;
