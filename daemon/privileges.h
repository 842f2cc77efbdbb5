/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* From root to nobody special, once everything that needs root is open. */

#include <stdbool.h>

#include "lib/base/err.h"

struct gad_diag;

/* CAP_NET_RAW takes effect if we may have it: a file's capability without the flag "effective" only permits it.
 * Before any thread. */
void privileges_take_raw(void);

/**
 * privileges_drop() - become @user for good
 * @user:      "" to stay who we are
 * @keeps_raw: all but CAP_NET_RAW, with which an interface that went away is opened again
 *
 * If we are not root, only capabilities go, those that a unit gives with AmbientCapabilities=. No way back is left: no saved ids, no groups, no new privileges by exec.
 */
int privileges_drop(const char *user, bool keeps_raw, struct gad_diag *d) GAD_MUST_CHECK;

/* Is there a user of that name, if we are root and would become it? */
int privileges_check(const char *user, struct gad_diag *d) GAD_MUST_CHECK;

/* The files that root made, such as sockets, are handed to the user that will own them. */
int privileges_give(const char *user, const char *path, struct gad_diag *d) GAD_MUST_CHECK;

/* A folder and the files in it; nothing below them, and no links. */
int privileges_give_directory(const char *user, const char *path,
                              struct gad_diag *d) GAD_MUST_CHECK;
