/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * An output file that appears complete or not at all: a temporary file in its directory, which
 * out_commit() renames; or the standard output for "-".
 */

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

struct gad_diag;

struct out {
    int fd;           /* -1: nothing is written, as without a file */
    const char *path; /* NULL: standard output */
    char tmp[PATH_MAX];
    struct gad_buf buf; /* not yet written */
    int err;            /* the first failure; later bytes are dropped */
};

/* @path: borrowed until out_close(); "-" is the standard output, NULL no output. */
int out_open(struct out *o, const char *path, struct gad_diag *d) GAD_MUST_CHECK;

/* Writes the buffer if it holds more than @above bytes. */
int out_flush(struct out *o, size_t above) GAD_MUST_CHECK;

/* Writes the rest, syncs it to disk and renames the file. */
int out_commit(struct out *o, struct gad_diag *d) GAD_MUST_CHECK;

/* Removes an uncommitted file. */
void out_close(struct out *o);

/* The classic capture file (draft-ietf-opsawg-pcap): little-endian, microseconds, Ethernet. */
void pcap_out_header(struct out *o);

/* Room for a frame of at most max bytes; NULL without memory. The caller writes it and calls
 * pcap_out_frame(). */
uint8_t *pcap_out_room(struct out *o, size_t max);
void pcap_out_frame(struct out *o, int64_t time_us, size_t len);
