/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Packed files: recognised by their first bytes, and unpacked in steps. gzip is always read; zstd,
 * xz and bzip2 if the build has their libraries. The other kinds are only recognised.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct gad_unpack;

enum gad_packed {
    GAD_PACKED_NONE,
    GAD_PACKED_GZIP,
    GAD_PACKED_ZSTD,
    GAD_PACKED_XZ,
    GAD_PACKED_BZIP2,
    GAD_PACKED_LZ4,
    GAD_PACKED_LZIP,
    GAD_PACKED_COMPRESS, /* .Z */
    GAD_PACKED_ZIP,
    GAD_N_PACKED,
};

enum {
    GAD_PACKED_MAGIC_MAX = 6,
    /* Of xz and zstd: what one file may ask for. xz -9 needs 65 MiB, zstd --ultra -22 128 MiB. */
    GAD_UNPACK_MEMORY_MAX = 160 << 20,
};

/* Returns 0; GAD_MORE: the (len) bytes are the start of a magic number. */
int gad_packed_kind(const void *p, size_t len, enum gad_packed *ret) GAD_MUST_CHECK;

const char *gad_packed_name(enum gad_packed k);    /* "gzip"; "" for GAD_PACKED_NONE */
const char *gad_packed_command(enum gad_packed k); /* that unpacks to stdout: "gzip -dc" */

/* Return: 0; GAD_EUNKNOWN: this build does not unpack the kind; GAD_ENOMEM. */
int gad_unpack_new(enum gad_packed k, struct gad_unpack **ret) GAD_MUST_CHECK;
void gad_unpack_free(struct gad_unpack *u);
GAD_DEFINE_CLEANUP(struct gad_unpack, gad_unpack_free);

/* Borrowed bytes; a step advances both. */
struct gad_unpack_io {
    const uint8_t *in;
    size_t in_len; /* at most 1 GiB, as out_len */
    uint8_t *out;
    size_t out_len;
};

/**
 * gad_unpack_step() - unpacks some of one member; a file has one or more
 *
 * With any value it can have written output.
 * Return: GAD_MORE: call again with more input, or with more room; GAD_END: the member is complete;
 * GAD_EFORMAT: the member is broken; GAD_ELIMIT: it needs more than GAD_UNPACK_MEMORY_MAX;
 * GAD_ENOMEM.
 */
int gad_unpack_step(struct gad_unpack *u, struct gad_unpack_io *io) GAD_MUST_CHECK;

/* Starts the next member. Returns 0 or GAD_ENOMEM. */
int gad_unpack_next(struct gad_unpack *u) GAD_MUST_CHECK;
