/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Changes from root to an unprivileged user, once everything that needs root is open. */

#include <stdbool.h>

#include "lib/base/err.h"

struct gad_diag;

/*
 * Makes CAP_NET_RAW effective if it is permitted: a file capability without the flag "effective"
 * only permits it. Before any thread starts.
 */
void privileges_take_raw(void);

/**
 * privileges_drop() - becomes @user for good
 * @user: "" to keep the current user
 * @keeps_raw: keeps CAP_NET_RAW, with which a lost interface is reopened
 *
 * If the process is not root, it only drops capabilities, such as those that a unit gives with
 * AmbientCapabilities=. It keeps no way back: no saved ids, no groups, no new privileges by exec.
 */
int privileges_drop(const char *user, bool keeps_raw, struct gad_diag *d) GAD_MUST_CHECK;

/* Fails if the process is root and would become @user, but no such user exists. */
int privileges_check(const char *user, struct gad_diag *d) GAD_MUST_CHECK;

/* Makes @user the owner of a file that root created, such as a socket. */
int privileges_give(const char *user, const char *path, struct gad_diag *d) GAD_MUST_CHECK;

/* The same for a directory and the files in it; not for directories below it, and not for links. */
int privileges_give_directory(const char *user, const char *path,
                              struct gad_diag *d) GAD_MUST_CHECK;
