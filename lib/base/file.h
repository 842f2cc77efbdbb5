/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whole files: read with a size limit, and written so that a reader sees either the old bytes or
 * the new ones, whatever happens to the process or the machine.
 */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct gad_diag;

/*
 * An open file or pipe whose first bytes were already read to detect its type. The function that
 * takes it closes fd, also after a failure, unless it is standard input.
 */
struct gad_file_begun {
    const char *name; /* in messages */
    int fd;
    const void *head; /* (head_len) bytes, borrowed for the call; at most GAD_FILE_HEAD_MAX */
    size_t head_len;
};

enum { GAD_FILE_HEAD_MAX = 32 * 1024 };

/**
 * gad_file_read() - reads a whole regular file
 * @max:  bytes; a larger file is GAD_ELIMIT before anything is allocated
 * @ret:  owned by the caller (gad_free()), never NULL on success, even if empty
 *
 * A symbolic link as the last component, a FIFO or a device is refused. The file is read, not
 * mapped: a mapping would turn a truncation by another process into SIGBUS.
 */
int gad_file_read(const char *path, size_t max, uint8_t **ret, size_t *ret_len,
                  struct gad_diag *d) GAD_MUST_CHECK;

/**
 * gad_file_write_atomic() - replaces or creates a file with mode 0644 less the umask
 *
 * Writes a temporary file in the same directory, syncs it, renames it and syncs the directory. On
 * any failure the temporary file is deleted and an old file at @path is untouched. An existing path
 * that is not a regular file (a device, a FIFO) is refused.
 */
int gad_file_write_atomic(const char *path, const void *p, size_t len,
                          struct gad_diag *d) GAD_MUST_CHECK;

/* Closes a descriptor, for gad_cleanup(gad_closep); a negative one is ignored. */
void gad_closep(int *fd);

struct gad_file_content {
    const char *path;
    const void *p;
    size_t len;
};

/**
 * gad_file_write_set() - writes files that belong together
 *
 * All temporary files are complete on disk before the first old file is replaced. So a full disk or
 * a directory that cannot be written leaves all old files unchanged.
 */
int gad_file_write_set(size_t n, const struct gad_file_content *file,
                       struct gad_diag *d) GAD_MUST_CHECK;
