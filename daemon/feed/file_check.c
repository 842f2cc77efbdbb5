/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/file_check.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/config/check.h"
#include "daemon/config/config.h"
#include "lib/base/diag.h"

/* Returns the kind of a file that is not regular. */
static const char *kind_of(mode_t mode)
{
    if (S_ISFIFO(mode))
        return "a FIFO";
    if (S_ISSOCK(mode))
        return "a socket";
    if (S_ISCHR(mode) || S_ISBLK(mode))
        return "a device";
    return "of an unknown kind";
}

static int refuse_kind(const char *path, mode_t mode, struct gad_diag *d)
{
    char target[PATH_MAX];

    if (S_ISDIR(mode))
        return gad_fail(d, -EISDIR, "is a directory: give the path of a file in it");
    if (!S_ISLNK(mode))
        return gad_fail(d, GAD_EINVAL, "is %s, and not a regular file: give another path",
                        kind_of(mode));
    ssize_t len = readlink(path, target, sizeof(target) - 1);
    target[len > 0 ? len : 0] = '\0';
    return gad_fail(d, -ELOOP,
                    "is a symbolic link to '%s', and ganadd does not follow links: "
                    "give the path of the file itself",
                    target);
}

static int explain_access(int err, const char *what, struct gad_diag *d)
{
    if (err == -EACCES)
        return gad_fail(d, err,
                        "%s cannot be written by the user with id %u: change its owner or mode",
                        what, (unsigned)geteuid());
    if (err == -EROFS)
        return gad_fail(d, err,
                        "is on a read-only file system: give another path, or allow it to "
                        "be written (ReadWritePaths= of the unit)");
    return gad_fail(d, err, "%s cannot be written: %s", what, gad_strerror(err));
}

/* The file does not exist: checks whether it can be created. */
static int check_directory(const char *path, struct gad_diag *d)
{
    char parent[PATH_MAX], what[PATH_MAX + 16];
    const char *slash = strrchr(path, '/');
    size_t len = slash && slash > path ? (size_t)(slash - path) : 1;
    struct stat st;

    if (strlen(path) >= sizeof(parent))
        return gad_fail(d, -ENAMETOOLONG, "the path is longer than %d bytes", PATH_MAX - 1);
    memcpy(parent, slash ? path : ".", len);
    parent[len] = '\0';
    if (stat(parent, &st) != 0 && errno == ENOENT)
        return gad_fail(d, -ENOENT, "directory '%s' does not exist: create it, or correct the path",
                        parent);
    if (stat(parent, &st) != 0)
        return gad_fail(d, -errno, "directory '%s': %s", parent, gad_strerror(-errno));
    if (!S_ISDIR(st.st_mode))
        return gad_fail(d, -ENOTDIR, "'%s' is not a directory: correct the path", parent);
    (void)snprintf(what, sizeof(what), "directory '%s'", parent);
    if (faccessat(AT_FDCWD, parent, W_OK | X_OK, AT_EACCESS) != 0)
        return explain_access(-errno, what, d);
    return 0;
}

int file_check(const char *path, struct gad_diag *d)
{
    struct stat st;

    if (lstat(path, &st) != 0) {
        if (errno == ENOENT || errno == ENOTDIR)
            return check_directory(path, d);
        return gad_fail(d, -errno, "%s", gad_strerror(-errno));
    }
    if (!S_ISREG(st.st_mode))
        return refuse_kind(path, st.st_mode, d);
    if (faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) != 0)
        return explain_access(-errno, "the file", d);
    return 0;
}

static int check_key(const char *path, const struct config_value *v, const char *section,
                     const char *key, struct gad_diag *d)
{
    int r = file_check(path, d);

    if (r != 0)
        gad_diag_prefix(d, "%s:%u: section '%s': key '%s': '%s'", v->file, v->line, section, key,
                        path);
    return r;
}

int file_check_config(const struct config *c, struct gad_diag *d)
{
    char section[CONFIG_NAME_MAX + 16];
    int r = 0;

    for (size_t i = 0; r == 0 && i < c->n_outputs; i++) {
        const struct config_output *o = &c->output[i];
        (void)snprintf(section, sizeof(section), "output %s", o->name);
        if (strcmp(o->type, "file") == 0)
            r = check_key(o->to, config_value_of(o->value, "output", "to"), section, "to", d);
    }
    if (r == 0 && *c->records.file)
        r = check_key(c->records.file, config_value_of(c->value, "records", "file"), "records",
                      "file", d);
    return r;
}
