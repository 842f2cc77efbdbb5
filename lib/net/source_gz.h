/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A stdio stream of what a file holds, unpacked if it is gzip. Told apart by the first two bytes, which are read
 * once: so it works on a pipe as well.
 */

#include <stdbool.h>
#include <stdio.h>

#include "lib/base/err.h"

struct gad_diag;
struct gad_gz;

/**
 * gad_gz_open() - reads the first bytes of fd
 * @fd: remains the caller's, and open for as long as the stream is
 */
int gad_gz_open(int fd, struct gad_gz **ret, struct gad_diag *d) GAD_MUST_CHECK;

/* A new stream; closing it leaves the gad_gz, which must outlive it. Once only. NULL: no memory. */
FILE *gad_gz_stream(struct gad_gz *z);

bool gad_gz_is_cut(const struct gad_gz *z); /* the gzip stream ended before its own end */
int gad_gz_error(const struct gad_gz *z);   /* 0; GAD_EFORMAT: a broken stream; GAD_ENOMEM */
void gad_gz_close(struct gad_gz *z);        /* NULL is fine */
