/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * An output that is written in one go and is there whole or not at all: a temporary file beside it, renamed by
 * out_commit(); or the standard output for "-".
 */

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

struct gad_diag;

struct out {
    int fd;           /* -1: nothing is written, so out may be given for no file at all */
    const char *path; /* NULL: standard output */
    char tmp[PATH_MAX];
    struct gad_buf buf; /* not yet written */
    int err;            /* the first failure; later bytes are dropped */
};

/* @path: borrowed until out_close(); "-" is the standard output, NULL no output. */
int out_open(struct out *o, const char *path, struct gad_diag *d) GAD_MUST_CHECK;

/* Room for n bytes behind what is there, or NULL. The caller fills it and adds to o->buf.len. */
uint8_t *out_room(struct out *o, size_t n);

/* After each item: writes once there is enough to write. */
int out_flush(struct out *o, size_t above) GAD_MUST_CHECK;

/* All of it on disk under its name. */
int out_commit(struct out *o, struct gad_diag *d) GAD_MUST_CHECK;

/* Takes an uncommitted file away again. */
void out_close(struct out *o);
