/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The files of a spool: which there are, and bytes of them. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/spool/spool.h"
#include "lib/spool/state.h"

struct gad_spool_segment {
    uint64_t first; /* of its name */
    uint64_t bytes; /* of the file */
};

struct gad_spool_directory {
    int fd;
    struct gad_spool_segment *seg; /* in the order of their numbers; room for one more than n */
    size_t n, cap;
    size_t n_foreign;
};

/* -errno, with the reason in d. */
int gad_spool_directory_open(const char *path, int *ret, struct gad_diag *d) GAD_MUST_CHECK;

/* All segments; regular files only. GAD_ELIMIT: over GAD_SPOOL_SEGMENTS. f->fd is set. */
int gad_spool_directory_list(struct gad_spool_directory *f, struct gad_diag *d) GAD_MUST_CHECK;
void gad_spool_directory_deinit(struct gad_spool_directory *f); /* closes the directory, too */

/* Room for one more segment. */
int gad_spool_directory_grow(struct gad_spool_directory *f) GAD_MUST_CHECK;

/**
 * gad_spool_directory_successor() - the smallest first number above @above, of the directory as it is now
 * Return: 0; GAD_END: there is none; -errno.
 */
int gad_spool_directory_successor(int fd, uint64_t above, uint64_t *ret) GAD_MUST_CHECK;

/* The largest first number that is not above @seq. As before. */
int gad_spool_directory_holder(int fd, uint64_t seq, uint64_t *ret) GAD_MUST_CHECK;

/* A segment for reading; -errno, -EINVAL if it is no regular file. Nothing blocks and no link is followed. */
int gad_spool_segment_open(int directory, uint64_t first, int *ret) GAD_MUST_CHECK;

/* len bytes from there, fewer at the end of the file; or -errno. */
ssize_t gad_spool_pread(int fd, void *p, size_t len, uint64_t at);

/**
 * gad_spool_state_load() - the state in an open file, if it has one
 * As gad_spool_state_read(); -errno if it cannot be read; GAD_END if it is empty.
 */
int gad_spool_state_load(int fd, struct gad_spool_state *ret, unsigned *ret_slot,
                         unsigned *ret_whole) GAD_MUST_CHECK;

extern const struct gad_spool_io gad_spool_system;
