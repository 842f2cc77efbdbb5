/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/privileges.h"

#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/base/diag.h"

/* NULL if there is nothing to do; *ret_err is set if there is nobody of that name. */
static const struct passwd *find(const char *user, int *ret_err, struct gad_diag *d)
{
    *ret_err = 0;
    if (*user == '\0' || geteuid() != 0)
        return NULL;
    const struct passwd *pw = getpwnam(user); /* before any thread */
    if (!pw)
        *ret_err = gad_fail(d, GAD_EUNKNOWN, "[ganadd] user '%s': there is no such user", user);
    return pw;
}

int privileges_give(const char *user, const char *path, struct gad_diag *d)
{
    int r;
    const struct passwd *pw = find(user, &r, d);

    if (!pw)
        return r;
    if (lchown(path, pw->pw_uid, pw->pw_gid) != 0)
        return gad_fail(d, -errno, "%s: cannot be given to '%s': %s", path, user,
                        gad_strerror(-errno));
    return 0;
}

int privileges_drop(const char *user, struct gad_diag *d)
{
    int r;
    const struct passwd *pw = find(user, &r, d);

    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (!pw)
        return r;
    if (initgroups(user, pw->pw_gid) != 0 || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) != 0 ||
        setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) != 0)
        return gad_fail(d, -errno, "cannot become user '%s': %s", user, gad_strerror(-errno));
    if (pw->pw_uid != 0 && setuid(0) == 0)
        return gad_fail(d, GAD_EINVAL, "could become root again after becoming '%s'", user);
    return 0;
}
