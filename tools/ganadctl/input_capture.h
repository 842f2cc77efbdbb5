/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Records of a capture file, as extract makes them, in the place of rows of a file of records. */

#include <stdbool.h>

#include "lib/base/err.h"

struct gad_dataset_stats;
struct gad_diag;
struct gad_extractor;
struct gad_row;

/*
 * Is it a capture, by its first bytes, and if those are gzip's by what is in it? Only a file that can be looked
 * into twice: a pipe is taken for records.
 */
bool input_is_capture(const char *file);

int input_capture_open(const char *file, struct gad_extractor **ret,
                       struct gad_diag *d) GAD_MUST_CHECK;

typedef void input_put_fn(void *arg, const struct gad_row *row,
                          const struct gad_dataset_stats *stats);

/**
 * input_capture_read() - all of it; line of a row is its number
 * @d: with 0 it may hold a warning: the file is cut off
 * Return: 0 or what is wrong with the file.
 */
int input_capture_read(struct gad_extractor *x, input_put_fn *put, void *arg,
                       struct gad_diag *d) GAD_MUST_CHECK;
