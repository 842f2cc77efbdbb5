/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Records of a capture file, as extract makes them, in the place of rows of a file of records. */

#include <stdbool.h>

#include "lib/base/err.h"

struct gad_dataset_stats;
struct gad_diag;
struct gad_extractor;
struct gad_row;

struct capture_options;
struct gad_file_begun;

/* The file's records; @o: how its packets are read. It takes @f in any case. */
int input_capture_open(const struct gad_file_begun *f, const struct capture_options *o,
                       struct gad_extractor **ret, struct gad_diag *d) GAD_MUST_CHECK;

typedef void input_put_fn(void *arg, const struct gad_row *row,
                          const struct gad_dataset_stats *stats);

/**
 * input_capture_read() - all of it; line of a row is its number
 * @d: with 0 it may hold a warning: the file is cut off
 * Return: 0 or what is wrong with the file.
 */
int input_capture_read(struct gad_extractor *x, input_put_fn *put, void *arg,
                       struct gad_diag *d) GAD_MUST_CHECK;
