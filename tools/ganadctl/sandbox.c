/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ganadctl/sandbox.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/err.h"

/* What the unit of the package hides from ganadd. */
static const struct {
    const char *directory, *setting;
} hidden[] = {
    {"/home/", "ProtectHome=yes"},     {"/root/", "ProtectHome=yes"},
    {"/run/user/", "ProtectHome=yes"}, {"/tmp/", "PrivateTmp=yes"},
    {"/var/tmp/", "PrivateTmp=yes"},
};

void sandbox_hint(const char *path, const char *why)
{
    const char *at = strstr(why, path), *setting = NULL;

    if (!at || at[strlen(path)] != ':') /* it is about another file, such as a signature */
        return;
    bool is_absent = strstr(at, gad_strerror(-ENOENT)) != NULL;
    if (!is_absent && !strstr(at, gad_strerror(-EACCES)))
        return;
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
        if (strncmp(path, hidden[i].directory, strlen(hidden[i].directory)) == 0)
            setting = hidden[i].setting;
    fprintf(stderr, "The file is there, but ganadd, which opens it, ");
    if (!is_absent)
        fprintf(stderr, "may not read it as the user that it runs as%s%s.\n",
                setting ? ", or its unit hides it: " : "", setting ? setting : "");
    else if (setting)
        fprintf(stderr, "does not see it: its unit has %s.\n", setting);
    else
        fprintf(stderr, "sees another file system: a sandbox or a container.\n");
    fprintf(stderr,
            "Put it where ganadd can read it, such as /var/lib/ganad, and load it from "
            "there:\n  install -o ganad -g ganad -m 640 '%s' /var/lib/ganad/\n",
            path);
}
