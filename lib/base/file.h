/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whole files: read with a cap, written so that a reader sees the old bytes or the new ones and nothing
 * between, whatever happens to us or to the machine.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct gad_diag;

/*
 * A file, or pipe, that is open and of which somebody who wanted to know what it is has read the first bytes. Who
 * takes it closes fd, also after a failure, unless it is the standard input.
 */
struct gad_file_begun {
    const char *name; /* in messages */
    int fd;
    const void *head; /* (head_len) bytes, borrowed for the call; at most GAD_FILE_HEAD_MAX */
    size_t head_len;
};

enum { GAD_FILE_HEAD_MAX = 32 * 1024 };

/**
 * gad_file_read() - the whole of a regular file
 * @max:  bytes; a larger file is GAD_ELIMIT before anything is allocated
 * @ret:  owned by the caller (gad_free()), never NULL on success even if empty
 *
 * A symbolic link as the last component, a FIFO or a device is refused. The file is read, not mapped: a
 * mapping would turn a truncation by somebody else into SIGBUS.
 */
int gad_file_read(const char *path, size_t max, uint8_t **ret, size_t *ret_len,
                  struct gad_diag *d) GAD_MUST_CHECK;

/**
 * gad_file_write_atomic() - replace or create a file with mode 0644 less the umask
 *
 * Temporary file in the same folder, fsync, rename, fsync of the folder. On any failure the temporary file
 * is gone and an old file at @path is untouched. What is there and no regular file, a device or a FIFO, is refused.
 */
int gad_file_write_atomic(const char *path, const void *p, size_t len,
                          struct gad_diag *d) GAD_MUST_CHECK;

struct gad_file_content {
    const char *path;
    const void *p;
    size_t len;
};

/**
 * gad_file_write_set() - the same for files that belong together
 *
 * All temporary files are complete on the disk before the first old file is replaced, so that a full disk or a folder
 * that cannot be written leaves all old files as they were.
 */
int gad_file_write_set(size_t n, const struct gad_file_content *file,
                       struct gad_diag *d) GAD_MUST_CHECK;
