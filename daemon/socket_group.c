/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/socket_group.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/privileges.h"
#include "daemon/safe_path.h"
#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/base/mem.h"

int socket_group_find(const char *section, const char *name, gid_t *ret, struct gad_diag *d)
{
    const struct group *g = *name ? getgrnam(name) : NULL;

    if (*name && !g)
        return gad_fail(d, GAD_EUNKNOWN, "[%s] group '%s': no such group", section, name);
    *ret = g ? g->gr_gid : (gid_t)PRIVILEGES_OWN_GROUP;
    return 0;
}

int socket_group_set(const char *section, const char *name, const char *path, struct gad_diag *d)
{
    gad_cleanup(gad_closep) int fd = -1;
    struct stat st;
    gid_t gid;

    int r = *name ? socket_group_find(section, name, &gid, d) : 0;
    if (r != 0 || !*name)
        return r;
    if (geteuid() == 0)
        r = safe_path_open(path, &fd, d);
    else if ((fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC)) < 0)
        r = gad_fail(d, -errno, "%s: %s", path, gad_strerror(-errno));
    if (r != 0)
        return r;
    if (fstat(fd, &st) != 0 || !S_ISSOCK(st.st_mode))
        return gad_fail(d, GAD_EINVAL, "%s: is not a socket", path);
    if (st.st_gid == gid || fchownat(fd, "", (uid_t)-1, gid, AT_EMPTY_PATH) == 0)
        return 0;
    int err = -errno;
    return gad_fail(d, err,
                    "[%s] group '%s': %s cannot be given to it: %s: the daemon's user must own the "
                    "socket and be in this group",
                    section, name, path, gad_strerror(err));
}
