/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator can do when a socket cannot be reached. */
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/diag.h"
#include "lib/base/err.h"
#include "lib/wire/socket.h"
#include "tools/ganadctl/ctl.h"

/* The path of a unix socket. */
static const char *path_of(const char *address)
{
    return strncmp(address, "unix:", 5) == 0 ? address + 5 : address;
}

/* Whose the socket is, or the first directory on the way to it that may not be entered. */
static void say_whose(const char *address)
{
    char path[PATH_MAX];
    struct stat st;
    int r = -1;

    if ((size_t)snprintf(path, sizeof(path), "%s", path_of(address)) < sizeof(path))
        while ((r = stat(path, &st)) != 0 && errno == EACCES && strcmp(path, "/") != 0 &&
               strcmp(path, ".") != 0) {
            const char *above = dirname(path); /* which may be in it */
            memmove(path, above, strlen(above) + 1);
        }
    if (r != 0) {
        fprintf(stderr, "You may not use this socket: be root or in its group.\n");
        return;
    }
    const struct passwd *user = getpwuid(st.st_uid);
    const struct group *group = getgrgid(st.st_gid);
    fprintf(stderr, "%s is for user '%s' and group '%s': be root", path, user ? user->pw_name : "?",
            group ? group->gr_name : "?");
    if (group && st.st_gid != 0)
        fprintf(stderr, ", or be in the group ('usermod -aG %s USER' as root, then log in again)",
                group->gr_name);
    fputs(".\n", stderr);
}

static bool is_no_socket(const char *address)
{
    struct stat st;
    return gad_socket_is_unix(address) && stat(path_of(address), &st) == 0 && !S_ISSOCK(st.st_mode);
}

int ctl_unreachable(const struct ctl *ctl, int err, const struct gad_diag *d, bool scoring)
{
    const char *address = scoring ? ctl_scoring_socket(ctl) : ctl_control_socket(ctl);

    ctl_say("%s", d->text);
    if (err == GAD_EFORMAT || err == GAD_ELIMIT)
        return CTL_USAGE;
    if (is_no_socket(address))
        fprintf(stderr, "%s is no socket: -s names the %s socket of ganadd.\n", address,
                scoring ? "scoring" : "control");
    else if ((err == -EACCES || err == -EPERM) && gad_socket_is_unix(address))
        say_whose(address);
    else
        fprintf(stderr, "Is ganadd running? Start it with 'systemctl start ganadd' or 'ganadd -c "
                        "FILE', or name "
                        "its socket with -s.\n");
    if (scoring)
        fprintf(stderr, "Without it: 'ganadctl score --local CHECKPOINT FILE'.\n");
    return CTL_UNREACHABLE;
}
