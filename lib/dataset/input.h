/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Bytes of a file, of standard input or of memory, unpacked if they are gzip. A gzip stream can
 * have several members, as from `cat a.gz b.gz`; it must end where a member ends.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct gad_diag;
struct gad_file_begun;
struct gad_input;

/* "-" is standard input, which stays open at the close. @sha256: also hash the stored bytes. */
int gad_input_open(const char *path, bool sha256, struct gad_input **ret,
                   struct gad_diag *d) GAD_MUST_CHECK;

/* The same for an open file. */
int gad_input_open_begun(const struct gad_file_begun *f, bool sha256, struct gad_input **ret,
                         struct gad_diag *d) GAD_MUST_CHECK;

/* The bytes at p are read unchanged and must stay valid as long as the input. */
int gad_input_open_memory(const char *name, const void *p, size_t len, bool sha256,
                          struct gad_input **ret, struct gad_diag *d) GAD_MUST_CHECK;

void gad_input_close(struct gad_input *in);
GAD_DEFINE_CLEANUP(struct gad_input, gad_input_close);

/* Returns the name for messages: the path, or "stdin". */
const char *gad_input_name(const struct gad_input *in);

/**
 * gad_input_read() - reads the next bytes
 * @ret_n: 1 .. len bytes, or 0 at the end
 * Return: 0; GAD_ETRUNC or GAD_EFORMAT for a broken gzip stream; a system error. @d has the reason.
 */
int gad_input_read(struct gad_input *in, char *p, size_t len, size_t *ret_n,
                   struct gad_diag *d) GAD_MUST_CHECK;

/* Returns the SHA-256 of the stored bytes, once, after the end was read. GAD_EINVAL if it was not
 * requested. */
int gad_input_sha256(struct gad_input *in, uint8_t sum[static 32]) GAD_MUST_CHECK;
