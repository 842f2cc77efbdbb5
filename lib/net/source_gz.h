/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A stdio stream of the content of a file, unpacked if it is gzip. The first two bytes decide, and
 * are read once, so pipes work too.
 */

#include <stdbool.h>
#include <stdio.h>

#include "lib/base/err.h"
#include "lib/net/source.h"

struct gad_diag;
struct gad_gz;

struct gad_gz_input {
    int fd; /* remains the caller's, who keeps it open while the stream is open */
    /* (head_len) bytes read from it already, at most GAD_FILE_HEAD_MAX; or NULL */
    const void *head;
    size_t head_len;
    gad_source_wait_fn *wait; /* called before each read, or NULL; not for a regular file */
    void *wait_arg;
};

/* Reads the first bytes. */
int gad_gz_open(const struct gad_gz_input *in, struct gad_gz **ret,
                struct gad_diag *d) GAD_MUST_CHECK;

/* Returns a stream; call it once. Closing the stream leaves the gad_gz, which must outlive it.
 * NULL: no memory. */
FILE *gad_gz_stream(struct gad_gz *z);

bool gad_gz_is_cut(const struct gad_gz *z); /* the gzip stream is truncated */
int gad_gz_error(const struct gad_gz *z);   /* 0; GAD_EFORMAT: a broken stream; GAD_ENOMEM */
void gad_gz_close(struct gad_gz *z);        /* NULL is allowed */
