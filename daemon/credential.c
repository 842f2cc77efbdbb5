/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/credential.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/diag.h"

static const char prefix[] = "credential:";

bool credential_is_meant(const char *value)
{
    return strncmp(value, prefix, sizeof(prefix) - 1) == 0;
}

bool credential_is_named(const char *value)
{
    if (!credential_is_meant(value))
        return false;
    const char *name = value + sizeof(prefix) - 1;
    size_t len = strlen(name);
    return len > 0 && len <= CREDENTIAL_NAME_MAX && !strchr(name, '/') && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0;
}

bool credential_can_be_there(const char *value)
{
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    return !credential_is_meant(value) || (directory && *directory == '/');
}

int credential_path(const char *value, char *buf, size_t size, const char **ret_path,
                    struct gad_diag *d)
{
    const char *directory = getenv("CREDENTIALS_DIRECTORY");

    if (!credential_is_meant(value)) {
        *ret_path = value;
        return 0;
    }
    if (!directory || *directory != '/')
        return gad_fail(
            d, GAD_EUNKNOWN,
            "'%s': the service manager passed no credentials: the unit needs LoadCredential=, "
            "see systemd.exec(5)",
            value);
    int len = snprintf(buf, size, "%s/%s", directory, value + sizeof(prefix) - 1);
    if (len < 0 || (size_t)len >= size)
        return gad_fail(d, GAD_ELIMIT, "'%s': its path is too long", value);
    *ret_path = buf;
    return 0;
}
