/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The files of a spool: their names, and reading them. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/spool/spool.h"
#include "lib/spool/state.h"

struct gad_spool_segment {
    uint64_t first; /* first number, from its name */
    uint64_t bytes; /* size of the file */
};

struct gad_spool_directory {
    int fd;
    struct gad_spool_segment *seg; /* (n) in the order of their numbers; cap is larger than n */
    size_t n, cap;
    size_t n_foreign;
};

/* Opens the directory. Returns 0 or -errno with the reason in @d. */
int gad_spool_directory_open(const char *path, int *ret, struct gad_diag *d) GAD_MUST_CHECK;

/* Lists all segments that are regular files. The caller has set f->fd. GAD_ELIMIT: more than
 * GAD_SPOOL_SEGMENTS. */
int gad_spool_directory_list(struct gad_spool_directory *f, struct gad_diag *d) GAD_MUST_CHECK;
void gad_spool_directory_deinit(struct gad_spool_directory *f); /* closes the directory, too */

/* Makes room for one more segment. */
int gad_spool_directory_grow(struct gad_spool_directory *f) GAD_MUST_CHECK;

/**
 * gad_spool_directory_successor() - finds the smallest first number above @above in the directory
 * as it is now
 * Returns 0; GAD_END: no segment has one; -errno.
 */
int gad_spool_directory_successor(int fd, uint64_t above, uint64_t *ret) GAD_MUST_CHECK;

/* Finds the largest first number that is not above @seq. Returns the same. */
int gad_spool_directory_holder(int fd, uint64_t seq, uint64_t *ret) GAD_MUST_CHECK;

/* Opens a segment for reading. Returns 0; -errno; GAD_EINVAL: not a regular file. Never blocks or
 * follows a link. */
int gad_spool_segment_open(int directory, uint64_t first, int *ret) GAD_MUST_CHECK;

/* Reads @len bytes at @at, fewer at the end of the file. Returns their number or -errno. */
ssize_t gad_spool_pread(int fd, void *p, size_t len, uint64_t at);

/**
 * gad_spool_state_load() - reads the state in an open file
 * Returns as gad_spool_state_read(); -errno if the file cannot be read; GAD_END if it is empty.
 */
int gad_spool_state_load(int fd, struct gad_spool_state *ret, unsigned *ret_slot,
                         unsigned *ret_whole) GAD_MUST_CHECK;

extern const struct gad_spool_io gad_spool_system;
