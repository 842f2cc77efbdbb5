/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A large output that is written while it is produced: to the standard output, or to a file that
 * appears complete or not at all. An interrupt leaves no temporary file, and a symbolic link stays
 * a link. A FIFO or a device is written directly. Limits: one output at a time.
 */

#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

struct gad_diag;

struct output {
    const char *path; /* NULL: the standard output */
    int fd;
    bool is_temporary;
    struct gad_buf buf; /* append here, then output_flush() */
};

/* @path: NULL or "-" is the standard output; borrowed until output_deinit(). */
int output_open(struct output *o, const char *path, struct gad_diag *d) GAD_MUST_CHECK;

/* Writes a large buffer. Returns 0, or an error if this or an append failed. */
int output_flush(struct output *o, struct gad_diag *d) GAD_MUST_CHECK;

/* Writes the rest, syncs the file and renames it. */
int output_commit(struct output *o, struct gad_diag *d) GAD_MUST_CHECK;

/* Without output_commit() the file stays unchanged. */
void output_deinit(struct output *o);
