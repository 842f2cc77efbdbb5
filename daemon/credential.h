/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Files that the service manager passes to the daemon (systemd.exec(5), LoadCredential=), so that
 * only root can read a key although ganadd is not root. A value of the configuration names one as
 * "credential:NAME" in place of a path.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

struct gad_diag;

/* Longest name, in bytes: it is a file name. */
enum { CREDENTIAL_NAME_MAX = 255 };

/* Whether @value starts with "credential:", with or without a valid name. */
bool credential_is_meant(const char *value);

/* Whether it names a credential with a valid name: not empty, without '/', not "." or "..". */
bool credential_is_named(const char *value);

/* Whether it names no credential, or the service manager has passed credentials. */
bool credential_can_be_there(const char *value);

/**
 * credential_path() - the file that @value stands for: itself, or the credential that it names
 * @buf: receives the path of a credential
 *
 * Returns 0 with @ret_path, which is @value or @buf; GAD_EUNKNOWN if the service manager passed no
 * credentials; GAD_ELIMIT if the path does not fit into @size bytes.
 */
int credential_path(const char *value, char *buf, size_t size, const char **ret_path,
                    struct gad_diag *d) GAD_MUST_CHECK;
