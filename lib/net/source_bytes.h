/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The content of a capture file or pipe as a window of bytes that moves forward, unpacked if the
 * file is packed (lib/net/unpack.h). The first bytes decide. Memory is fixed, whatever the content
 * unpacks to.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/net/source.h"
#include "lib/net/unpack.h"

struct gad_bytes;
struct gad_diag;

enum { GAD_BYTES_WINDOW = 512 * 1024 };

struct gad_bytes_input {
    int fd; /* remains the caller's, who keeps it open */
    /* (head_len) bytes read from it already, at most GAD_FILE_HEAD_MAX; or NULL */
    const void *head;
    size_t head_len;
    gad_source_wait_fn *wait; /* called before each read, or NULL; not for a regular file */
    void *wait_arg;
};

/* Reads the first bytes. Returns 0; GAD_EUNKNOWN: packed in a way that this build does not unpack;
 * a system error; GAD_ENOMEM. */
int gad_bytes_open(const struct gad_bytes_input *in, struct gad_bytes **ret,
                   struct gad_diag *d) GAD_MUST_CHECK;
void gad_bytes_close(struct gad_bytes *b);
GAD_DEFINE_CLEANUP(struct gad_bytes, gad_bytes_close);

/**
 * gad_bytes_need() - the next bytes of the content
 * @n:     at most GAD_BYTES_WINDOW
 * @ret_n: bytes there; fewer than @n only at the end of the content, see gad_bytes_end()
 * Return: the bytes, borrowed until the next call of this function.
 */
const uint8_t *gad_bytes_need(struct gad_bytes *b, size_t n, size_t *ret_n);

/* Moves past n of the bytes that gad_bytes_need() returned. */
void gad_bytes_take(struct gad_bytes *b, size_t n);

uint64_t gad_bytes_offset(const struct gad_bytes *b); /* bytes of content that were taken */
enum gad_packed gad_bytes_packed(const struct gad_bytes *b);

/*
 * Why the content ended: 0, regularly; GAD_ETRUNC: within a packed member; GAD_EFORMAT: a broken
 * member; GAD_EMISMATCH: after the last member comes something else, which is not a member;
 * GAD_ELIMIT: see gad_unpack_step(); GAD_ENOMEM; a system error. 0 before the end.
 */
int gad_bytes_end(const struct gad_bytes *b);
