/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/privileges.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/diag.h"

/* Returns NULL if there is nothing to do; sets *ret_err if no such user exists. */
static const struct passwd *find(const char *user, int *ret_err, struct gad_diag *d)
{
    *ret_err = 0;
    if (*user == '\0' || geteuid() != 0)
        return NULL;
    const struct passwd *pw = getpwnam(user); /* before any thread starts */
    if (!pw)
        *ret_err = gad_fail(d, GAD_EUNKNOWN, "[ganadd] user '%s': no such user", user);
    return pw;
}

int privileges_check(const char *user, struct gad_diag *d)
{
    int r;

    (void)find(user, &r, d);
    return r;
}

int privileges_give(const char *user, const char *path, struct gad_diag *d)
{
    int r;
    const struct passwd *pw = find(user, &r, d);

    if (!pw)
        return r;
    if (lchown(path, pw->pw_uid, pw->pw_gid) != 0)
        return gad_fail(d, -errno, "%s: cannot change the owner to '%s': %s", path, user,
                        gad_strerror(-errno));
    return 0;
}

int privileges_give_directory(const char *user, const char *path, struct gad_diag *d)
{
    int r;
    const struct passwd *pw = find(user, &r, d);
    DIR *dir = pw ? opendir(path) : NULL;
    const struct dirent *e;

    if (!pw)
        return r;
    if (!dir || fchown(dirfd(dir), pw->pw_uid, pw->pw_gid) != 0)
        r = gad_fail(d, -errno, "%s: cannot change the owner to '%s': %s", path, user,
                     gad_strerror(-errno));
    while (dir && r == 0 && (e = readdir(dir)) != NULL) {
        bool is_file = e->d_type == DT_REG || e->d_type == DT_UNKNOWN;
        if (is_file && strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
            fchownat(dirfd(dir), e->d_name, pw->pw_uid, pw->pw_gid, AT_SYMLINK_NOFOLLOW) != 0)
            r = gad_fail(d, -errno, "%s/%s: cannot change the owner to '%s': %s", path, e->d_name,
                         user, gad_strerror(-errno));
    }
    if (dir)
        (void)closedir(dir);
    return r;
}

/*
 * Drops all capabilities but CAP_NET_RAW, which is kept at most; libc has no function for it.
 * Before any thread starts.
 */
static int keep_raw_at_most(bool keeps_raw, struct gad_diag *d)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    const uint32_t raw = keeps_raw ? 1U << CAP_NET_RAW : 0;
    struct __user_cap_data_struct set[2] = {{0}};

    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (syscall(SYS_capget, &head, set) != 0)
        return gad_fail(d, -errno, "cannot read the capabilities of the process: %s",
                        gad_strerror(-errno));
    const uint32_t kept = set[0].permitted & raw;
    set[0] = (struct __user_cap_data_struct){.effective = kept, .permitted = kept};
    set[1] = (struct __user_cap_data_struct){0};
    if (syscall(SYS_capset, &head, set) != 0)
        return gad_fail(d, -errno, "cannot drop capabilities: %s", gad_strerror(-errno));
    (void)prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
    return 0;
}

void privileges_take_raw(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct set[2] = {{0}};

    if (syscall(SYS_capget, &head, set) != 0)
        return;
    set[0].effective |= set[0].permitted & 1U << CAP_NET_RAW;
    (void)syscall(SYS_capset, &head, set); /* if it fails, the capture reports what it lacks */
}

int privileges_drop(const char *user, bool keeps_raw, struct gad_diag *d)
{
    int r;
    const struct passwd *pw = find(user, &r, d);

    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (!pw)
        return r != 0 || geteuid() == 0 ? r : keep_raw_at_most(keeps_raw, d);
    if (keeps_raw)
        (void)prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0); /* until keep_raw_at_most() */
    if (initgroups(user, pw->pw_gid) != 0 || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) != 0 ||
        setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) != 0)
        return gad_fail(d, -errno, "cannot become user '%s': %s", user, gad_strerror(-errno));
    if (keeps_raw && pw->pw_uid != 0)
        r = keep_raw_at_most(true, d);
    if (r != 0)
        return r;
    if (pw->pw_uid != 0 && setuid(0) == 0)
        return gad_fail(d, GAD_EINVAL, "could become root again after becoming '%s'", user);
    return 0;
}
