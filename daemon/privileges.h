/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Changes from root to an unprivileged user, once everything that needs root is open. */

#include <stdbool.h>
#include <sys/types.h>

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

enum { PRIVILEGES_OWN_GROUP = -1 }; /* the user's group */

/**
 * privileges_give() - makes @user the owner of a file or socket that root made
 * @group: PRIVILEGES_OWN_GROUP, or the group that it gets
 *
 * Follows no link that others than root can have made. Fails for a file with several names, and for
 * one of another user: who can write to the directory may have put it there. Does nothing if the
 * process is not root, or @user is "".
 */
int privileges_give(const char *user, const char *path, gid_t group,
                    struct gad_diag *d) GAD_MUST_CHECK;

/*
 * The same for a spool: its directory, and the regular files in it that have the name of a spool's
 * file. Fails if the directory has other files and is not the user's yet.
 */
int privileges_give_spool(const char *user, const char *path, struct gad_diag *d) GAD_MUST_CHECK;

/* The same for the directories of evidence and of learning. */
int privileges_give_evidence(const char *user, const char *path, struct gad_diag *d) GAD_MUST_CHECK;
int privileges_give_learning(const char *user, const char *path, struct gad_diag *d) GAD_MUST_CHECK;

/*
 * Fail if these would: to be called before the file or the spool is made or opened, so that root
 * does not write to another file either. What does not exist yet is fine.
 */
int privileges_check_give(const char *user, const char *path, struct gad_diag *d) GAD_MUST_CHECK;
int privileges_check_spool(const char *user, const char *path, struct gad_diag *d) GAD_MUST_CHECK;
int privileges_check_learning(const char *user, const char *path,
                              struct gad_diag *d) GAD_MUST_CHECK;
int privileges_check_evidence(const char *user, const char *path,
                              struct gad_diag *d) GAD_MUST_CHECK;
