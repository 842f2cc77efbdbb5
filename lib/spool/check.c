/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/spool/check.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "lib/spool/parts.h"

/* gad_spool_open() creates one level. */
static int check_parent(const char *directory, struct gad_diag *d)
{
    char parent[PATH_MAX];
    size_t len = strlen(directory);

    while (len > 1 && directory[len - 1] == '/')
        len--;
    while (len > 0 && directory[len - 1] != '/')
        len--;
    if (len >= sizeof(parent))
        return gad_fail(d, GAD_ELIMIT, "%.200s: path too long", directory);
    memcpy(parent, directory, len);
    parent[len] = '\0';
    if (faccessat(AT_FDCWD, len > 0 ? parent : ".", W_OK | X_OK, AT_EACCESS) == 0)
        return 0;
    int err = -errno;
    return gad_fail(d, err, "%s: does not exist and cannot be created: %s", directory,
                    gad_strerror(err));
}

static int check_state(const char *directory, int fd, bool *ret_is_used, struct gad_diag *d)
{
    struct gad_spool_state state;
    unsigned slot, whole;
    struct stat st;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return gad_fail(d, GAD_EFORMAT, "%s: %s: not a regular file", directory,
                        GAD_SPOOL_STATE_NAME);
    *ret_is_used = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (*ret_is_used)
        return 0;
    int r = gad_spool_state_load(fd, &state, &slot, &whole);
    if (r == GAD_EVERSION)
        return gad_fail(d, r, "%s: %s: written by a later version of ganad", directory,
                        GAD_SPOOL_STATE_NAME);
    if (r == GAD_EFORMAT)
        return gad_fail(d, r, "%s: %s: not the state of a spool", directory, GAD_SPOOL_STATE_NAME);
    return 0; /* gad_spool_open() recovers from damage */
}

int gad_spool_check(const char *directory, bool *ret_is_used, struct gad_diag *d)
{
    int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = errno;

    *ret_is_used = false;
    if (dir < 0 && err == ENOENT)
        return check_parent(directory, d);
    if (dir < 0)
        return gad_fail(d, -err, "%s: cannot open: %s", directory, gad_strerror(-err));
    int fd = openat(dir, GAD_SPOOL_STATE_NAME, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    err = fd < 0 ? errno : 0;
    if (err == ENOENT)
        err = faccessat(dir, ".", W_OK | X_OK, AT_EACCESS) == 0 ? 0 : errno;
    int r = err != 0 ? gad_fail(d, -err, "%s: cannot be written: %s", directory, gad_strerror(-err))
            : fd >= 0 ? check_state(directory, fd, ret_is_used, d)
                      : 0;
    if (fd >= 0)
        (void)close(fd);
    (void)close(dir);
    return r;
}
