/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The sockets and files of a configuration, for a start as root that becomes another user. */

#include "lib/base/err.h"

struct config;
struct gad_diag;

/* Checks whether own_files_give() would succeed: to be called before any is opened or made. */
int own_files_check(const struct config *c, struct gad_diag *d) GAD_MUST_CHECK;

/*
 * Gives those that root made, and that are written later, to the user. @spool: its directory, which
 * may be a temporary one.
 */
int own_files_give(const struct config *c, const char *spool, struct gad_diag *d) GAD_MUST_CHECK;
