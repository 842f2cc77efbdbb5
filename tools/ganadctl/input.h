/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Rows of a file or of stdin, or records of a capture, whichever its first bytes say, read by a thread of its own: so
 * that answers are shown while the input is silent (tail -f | ganadctl score -), and a batch is whatever has come, up
 * to its limit.
 *
 * Thread: everything here is the caller's, one at a time; the reader is inside.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/dataset/dataset.h"

struct capture_options;
struct gad_diag;
struct input;

enum { INPUT_BATCH = 256 };

/* @capture: how packets are read, if the file has any; an error if it has not and something was said of that. */
int input_open(const char *file, bool skip_bad, const struct capture_options *capture,
               struct input **ret, struct gad_diag *d) GAD_MUST_CHECK;

/* If the reader still waits for bytes, it and its memory are left behind for the end of the process. */
void input_close(struct input *in);

/**
 * input_take() - rows that have come, in order
 * @whole: only a whole batch, or what is left when the input has ended
 * Return: rows; 0: wait on input_fd(), or the end has come: see input_ended().
 */
size_t input_take(struct input *in, bool whole, struct gad_row row[static INPUT_BATCH]);

/* Readable when input_take() may give more than it did. */
int input_fd(const struct input *in);

/* Has the last row been taken? Then *ret_err is 0, or what ended the reading; @d says why, or with 0 it may hold a
 * warning. */
bool input_ended(struct input *in, int *ret_err, struct gad_diag *d);

/* As of the rows that were taken, or further. */
struct gad_dataset_stats input_stats(struct input *in);

/* Once it has ended: the first bad line that was skipped. */
const char *input_first_bad(const struct input *in);
