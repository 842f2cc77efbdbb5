/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A large output that is written as it is made: to the standard output, or to a file that is there as a whole or not
 * at all, whatever happens. An interrupt leaves no temporary file behind, and a symbolic link stays one. A path that
 * is a FIFO or a device is written to as it is. One at a time.
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

/* @path: NULL or "-" is the standard output; kept until the end. */
int output_open(struct output *o, const char *path, struct gad_diag *d) GAD_MUST_CHECK;

/* Writes the buffer if it is worth a call. A negative code if that fails, or an append had failed. */
int output_flush(struct output *o, struct gad_diag *d) GAD_MUST_CHECK;

/* Everything is out, and the file in its place. */
int output_commit(struct output *o, struct gad_diag *d) GAD_MUST_CHECK;

/* Without a commit the file is as it was. */
void output_deinit(struct output *o);
