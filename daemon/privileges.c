/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/privileges.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/safe_path.h"
#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/base/mem.h"
#include "lib/spool/format.h"
#include "lib/spool/state.h"

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

/* Changes the owner of an open file, whatever its name leads to now. */
static int change(int fd, const struct passwd *pw, gid_t group, const char *path,
                  struct gad_diag *d)
{
    gid_t gid = group == (gid_t)PRIVILEGES_OWN_GROUP ? pw->pw_gid : group;

    if (fchownat(fd, "", pw->pw_uid, gid, AT_EMPTY_PATH) == 0)
        return 0;
    int err = -errno;
    return gad_fail(d, err, "%s: cannot change the owner to '%s': %s", path, pw->pw_name,
                    gad_strerror(err));
}

/*
 * Whether a file may be given away: one of root, of the user, or of the user of its directory, that
 * has no second name. Who can write to the directory may have put a hard link there.
 */
static int check_file(const struct stat *st, const struct passwd *pw, uid_t directory,
                      const char *path, struct gad_diag *d)
{
    if (st->st_nlink > 1)
        return gad_fail(d, -EMLINK,
                        "%s: has %ju names (hard links): root does not give it to '%s', because it "
                        "may be another file, too",
                        path, (uintmax_t)st->st_nlink, pw->pw_name);
    if (st->st_uid != 0 && st->st_uid != pw->pw_uid && st->st_uid != directory)
        return gad_fail(d, -EPERM, "%s: belongs to user %u: root does not give it to '%s'", path,
                        (unsigned)st->st_uid, pw->pw_name);
    return 0;
}

static bool is_given(const struct stat *st, const struct passwd *pw, gid_t group)
{
    return st->st_uid == pw->pw_uid &&
           st->st_gid == (group == (gid_t)PRIVILEGES_OWN_GROUP ? pw->pw_gid : group);
}

static uid_t user_of_parent(const char *path)
{
    gad_cleanup(gad_closep) int fd = -1;
    char parent[PATH_MAX];
    struct stat st;

    int n = snprintf(parent, sizeof(parent), "%s", path);
    char *slash = strrchr(parent, '/');
    if (n < 0 || (size_t)n >= sizeof(parent) || !slash)
        return 0;
    (void)snprintf(slash + 1, 2, ".");
    return safe_path_open(parent, &fd, NULL) == 0 && fstat(fd, &st) == 0 ? st.st_uid : 0;
}

/* @changes: false for a check only */
static int give(const struct passwd *pw, const char *path, gid_t group, bool changes,
                struct gad_diag *d)
{
    gad_cleanup(gad_closep) int fd = -1;
    struct stat st;

    int r = safe_path_open(path, &fd, d);
    if (r != 0)
        return r;
    if (fstat(fd, &st) != 0 || (!S_ISREG(st.st_mode) && !S_ISSOCK(st.st_mode)))
        return gad_fail(d, GAD_EINVAL, "%s: is neither a regular file nor a socket", path);
    bool is_left_behind = S_ISSOCK(st.st_mode) && !changes; /* is replaced */
    if (is_left_behind || is_given(&st, pw, group))
        return 0;
    r = check_file(&st, pw, user_of_parent(path), path, d);
    return r == 0 && changes ? change(fd, pw, group, path, d) : r;
}

int privileges_give(const char *user, const char *path, gid_t group, struct gad_diag *d)
{
    int r;
    const struct passwd *pw = find(user, &r, d);

    return pw ? give(pw, path, group, true, d) : r;
}

static bool is_there(const char *path)
{
    return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int privileges_check_give(const char *user, const char *path, struct gad_diag *d)
{
    int r;
    const struct passwd *pw = find(user, &r, d);

    if (!pw)
        return r;
    r = safe_path_check_parent(path, d);
    return r == 0 && is_there(path) ? give(pw, path, (gid_t)PRIVILEGES_OWN_GROUP, false, d) : r;
}

/* --- a spool, the files of evidence --- */

struct giver {
    const struct passwd *pw;
    const char *path;
    struct stat directory;
    bool (*is_own)(const char *name);
    bool has_others; /* files with other names */
    bool changes;    /* false: only checks */
};

/* "NAME.pcapng", ".NAME.pcapng.tmp" (daemon/evidence/store.h) */
static bool is_of_evidence(const char *name)
{
    size_t len = strlen(name);

    return (len > 7 && strcmp(name + len - 7, ".pcapng") == 0) ||
           (*name == '.' && len > 5 && strcmp(name + len - 4, ".tmp") == 0);
}

/* daemon/learn/learning.h */
static bool is_of_learning(const char *name)
{
    static const char *const names[] = {"progress",     "status",       "lock",
                                        "learned.ckpt", "refused.ckpt", "candidate.ckpt"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return strncmp(name, "records.csv", 11) == 0;
}

static bool is_of_spool(const char *name)
{
    uint64_t first;

    return strcmp(name, GAD_SPOOL_STATE_NAME) == 0 || gad_spool_segment_number(name, &first);
}

/* Files with another name and links stay as they are. */
static int give_entry(struct giver *g, int dir, const char *name, struct gad_diag *d)
{
    gad_cleanup(gad_closep) int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    char path[PATH_MAX];
    struct stat st;

    (void)snprintf(path, sizeof(path), "%s/%.255s", g->path, name);
    if (fd < 0 || fstat(fd, &st) != 0)
        return errno == ENOENT ? 0 : gad_fail(d, -errno, "%s: %s", path, gad_strerror(-errno));
    if (!g->is_own(name) || !S_ISREG(st.st_mode)) {
        g->has_others = g->has_others || strcmp(name, "lost+found") != 0;
        return 0;
    }
    if (is_given(&st, g->pw, (gid_t)PRIVILEGES_OWN_GROUP))
        return 0;
    int r = check_file(&st, g->pw, g->directory.st_uid, path, d);
    return r == 0 && g->changes ? change(fd, g->pw, (gid_t)PRIVILEGES_OWN_GROUP, path, d) : r;
}

/* A directory with other files is one that the operator shares, or /etc by mistake. */
static int give_directory(const struct giver *g, int dir, struct gad_diag *d)
{
    if (is_given(&g->directory, g->pw, (gid_t)PRIVILEGES_OWN_GROUP))
        return 0;
    if (g->has_others)
        return gad_fail(
            d, -EPERM,
            "%s: has files that are not the daemon's: root does not give this directory "
            "to '%s': use one for this purpose alone, or change its owner",
            g->path, g->pw->pw_name);
    return g->changes ? change(dir, g->pw, (gid_t)PRIVILEGES_OWN_GROUP, g->path, d) : 0;
}

static void closedirp(DIR **dir)
{
    if (*dir)
        (void)closedir(*dir);
}

static int give_entries(struct giver *g, int at, struct gad_diag *d)
{
    int own = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    gad_cleanup(closedirp) DIR *dir = own >= 0 ? fdopendir(own) : NULL;
    const struct dirent *e;
    int r = 0;

    if (!dir || fstat(at, &g->directory) != 0) {
        r = -errno;
        if (own >= 0 && !dir)
            (void)close(own);
        return gad_fail(d, r, "%s: %s", g->path, gad_strerror(r));
    }
    while (r == 0 && (e = readdir(dir)) != NULL)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            r = give_entry(g, own, e->d_name, d);
    return r == 0 ? give_directory(g, own, d) : r;
}

static int give_directory_of(struct giver *g, struct gad_diag *d)
{
    gad_cleanup(gad_closep) int fd = -1;
    int r = safe_path_open(g->path, &fd, d);

    return r == 0 ? give_entries(g, fd, d) : r;
}

static int give_all(const char *user, const char *path, bool (*is_own)(const char *name),
                    struct gad_diag *d)
{
    int r;
    struct giver g = {.pw = find(user, &r, d), .path = path, .is_own = is_own, .changes = true};

    return g.pw ? give_directory_of(&g, d) : r;
}

static int check_all(const char *user, const char *path, bool (*is_own)(const char *name),
                     struct gad_diag *d)
{
    int r;
    struct giver g = {.pw = find(user, &r, d), .path = path, .is_own = is_own};

    if (!g.pw)
        return r;
    r = safe_path_check_parent(path, d);
    return r == 0 && is_there(path) ? give_directory_of(&g, d) : r;
}

int privileges_give_spool(const char *user, const char *path, struct gad_diag *d)
{
    return give_all(user, path, is_of_spool, d);
}

int privileges_check_spool(const char *user, const char *path, struct gad_diag *d)
{
    return check_all(user, path, is_of_spool, d);
}

int privileges_give_evidence(const char *user, const char *path, struct gad_diag *d)
{
    return give_all(user, path, is_of_evidence, d);
}

int privileges_check_evidence(const char *user, const char *path, struct gad_diag *d)
{
    return check_all(user, path, is_of_evidence, d);
}

int privileges_give_learning(const char *user, const char *path, struct gad_diag *d)
{
    return give_all(user, path, is_of_learning, d);
}

int privileges_check_learning(const char *user, const char *path, struct gad_diag *d)
{
    return check_all(user, path, is_of_learning, d);
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
