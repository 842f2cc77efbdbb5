/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The groups that the keys 'group' and 'admin_group' name. Thread: main, before any other. */

#include <sys/types.h>

#include "lib/base/err.h"

struct gad_diag;

/* Sets *ret to the id of a group, or to PRIVILEGES_OWN_GROUP for "". @section: for the message. */
int socket_group_find(const char *section, const char *name, gid_t *ret,
                      struct gad_diag *d) GAD_MUST_CHECK;

/*
 * Gives the file of a unix socket to a group, also of one that the service manager made; "" changes
 * nothing. Without root the process must own the file and be in the group.
 */
int socket_group_set(const char *section, const char *name, const char *path,
                     struct gad_diag *d) GAD_MUST_CHECK;
