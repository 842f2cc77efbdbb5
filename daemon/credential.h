/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Files that the service manager hands to the daemon (systemd.exec(5), LoadCredential=), so that a key can be root's
 * alone though ganadd is not root. A configuration's value names one by "credential:NAME" in place of a path.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

struct gad_diag;

/* A name has at most so many bytes: it is that of a file. */
enum { CREDENTIAL_NAME_MAX = 255 };

/* Whether @value is meant to name a credential, be its name right or not. */
bool credential_is_meant(const char *value);

/* Whether it is one with a name that can be: no empty one, none with a '/', not "." or "..". */
bool credential_is_named(const char *value);

/* Whether it is no credential, or a service manager has handed over some. */
bool credential_can_be_there(const char *value);

/**
 * credential_path() - the file that @value stands for: itself, or that of the credential it names
 * @buf: holds the path of a credential
 * Return: 0 with @ret_path, which is @value or @buf; GAD_EUNKNOWN if no manager has handed us any, GAD_ELIMIT if the path
 * is longer than @size.
 */
int credential_path(const char *value, char *buf, size_t size, const char **ret_path,
                    struct gad_diag *d) GAD_MUST_CHECK;
