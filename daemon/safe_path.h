/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Opens what a path names, for a process that is root. Between two uses of a path, a user who can
 * write to one of its directories can replace a component by a link to a file of root. So the path
 * is walked one component at a time: a link is followed only if root made it, in a directory where
 * only root could have put it. The last component is never followed.
 */

#include "lib/base/err.h"

struct gad_diag;

/**
 * safe_path_open() - opens the file of any kind that @path names
 * @ret_fd: with O_PATH: for fstat(), openat(), and fchownat() with AT_EMPTY_PATH
 *
 * Returns 0; -ELOOP for a link that is not followed; -errno. @d has the path and the reason.
 */
int safe_path_open(const char *path, int *ret_fd, struct gad_diag *d) GAD_MUST_CHECK;

/* The same for the directory that @path is in; @path itself need not exist. */
int safe_path_check_parent(const char *path, struct gad_diag *d) GAD_MUST_CHECK;
