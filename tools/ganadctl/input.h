/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Rows of a file or of stdin, or records of a capture; the first bytes decide. A reader thread
 * reads them, so that answers are shown while the input waits (tail -f | ganadctl score -), and a
 * batch is what has arrived, up to its limit.
 *
 * Thread: all functions are for one calling thread; the reader thread is internal.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/dataset/dataset.h"

struct capture_options;
struct gad_diag;
struct input;

enum { INPUT_BATCH = 256 };

/* @capture: how packets are read; an option of it is an error for a file without packets. */
int input_open(const char *file, bool skip_bad, const struct capture_options *capture,
               struct input **ret, struct gad_diag *d) GAD_MUST_CHECK;

/* A reader thread that still waits for bytes is left, with its memory, until the process ends. */
void input_close(struct input *in);

/**
 * input_take() - rows that have arrived, in order
 * @whole: only a full batch, or the remaining rows once the input has ended
 * Return: number of rows; 0: wait on input_fd(), or the input has ended: see input_ended().
 */
size_t input_take(struct input *in, bool whole, struct gad_row row[static INPUT_BATCH]);

/* Readable when input_take() can return further rows. */
int input_fd(const struct input *in);

/* Returns true once the last row was taken. Then *ret_err is 0 or the error that ended the reading;
 * @d says why, or can hold a warning with 0. */
bool input_ended(struct input *in, int *ret_err, struct gad_diag *d);

/* Once the input has ended: some of a capture could not be read. @d of input_ended() says what. */
bool input_is_damaged(struct input *in);

/* Counts at least the rows that were taken. */
struct gad_dataset_stats input_stats(struct input *in);

/* The first bad line that was skipped, once the input has ended. */
const char *input_first_bad(const struct input *in);
