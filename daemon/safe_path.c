/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/safe_path.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/base/mem.h"

enum { LINKS_MAX = 16, FLAGS = O_PATH | O_NOFOLLOW | O_CLOEXEC };

struct walk {
    int fd; /* where the walk is */
    struct stat at;
    char rest[PATH_MAX]; /* what is left of the path, without slashes in front */
    unsigned n_links;
};

static void walk_deinit(struct walk *w)
{
    gad_closep(&w->fd);
}

/* Moves to an open file, which the walk then owns. */
static int move_to(struct walk *w, int fd)
{
    if (fd < 0)
        return -errno;
    gad_closep(&w->fd);
    w->fd = fd;
    return fstat(fd, &w->at) == 0 ? 0 : -errno;
}

static int start(struct walk *w, const char *path)
{
    size_t slashes = strspn(path, "/");

    if (strlen(path) >= sizeof(w->rest))
        return -ENAMETOOLONG;
    memmove(w->rest, path + slashes, strlen(path + slashes) + 1);
    return move_to(w, open(slashes > 0 ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

/* Takes the next component from the rest. */
static int next_name(struct walk *w, char name[static NAME_MAX + 1])
{
    size_t len = strcspn(w->rest, "/"), skip = len + strspn(w->rest + len, "/");

    if (len > NAME_MAX)
        return -ENAMETOOLONG;
    memcpy(name, w->rest, len);
    name[len] = '\0';
    memmove(w->rest, w->rest + skip, strlen(w->rest + skip) + 1);
    return 0;
}

/* Whether only root can have put this link of root's into the directory. */
static bool is_of_root(const struct stat *directory, const struct stat *link)
{
    bool others_write = (directory->st_mode & (S_IWGRP | S_IWOTH)) != 0;

    return directory->st_uid == 0 && link->st_uid == 0 &&
           (!others_write || (directory->st_mode & S_ISVTX) != 0);
}

/* Puts the target of a link before the rest. */
static int follow(struct walk *w, int link)
{
    char target[PATH_MAX], path[PATH_MAX];
    ssize_t len = readlinkat(link, "", target, sizeof(target) - 1);

    if (len < 0)
        return -errno;
    target[len] = '\0';
    int n = snprintf(path, sizeof(path), "%s/%s", target, w->rest);
    if (n < 0 || (size_t)n >= sizeof(path))
        return -ENAMETOOLONG;
    if (*path == '/')
        return start(w, path);
    memcpy(w->rest, path, (size_t)n + 1);
    return 0;
}

static int step(struct walk *w)
{
    char name[NAME_MAX + 1];
    struct stat st;
    int r = next_name(w, name);

    if (r != 0)
        return r;
    gad_cleanup(gad_closep) int fd = openat(w->fd, name, FLAGS);
    if (fd < 0 || fstat(fd, &st) != 0)
        return -errno;
    if (S_ISLNK(st.st_mode)) {
        bool is_last = *w->rest == '\0';
        if (is_last || !is_of_root(&w->at, &st) || ++w->n_links > LINKS_MAX)
            return -ELOOP;
        return follow(w, fd);
    }
    int found = fd;
    fd = -1; /* now the walk's */
    return move_to(w, found);
}

static int fail(const char *path, int r, struct gad_diag *d)
{
    if (r == -ELOOP)
        return gad_fail(d, r,
                        "%s: is a symbolic link, or leads through one that others than root could "
                        "have made: ganadd does not follow it as root; give the path without links",
                        path);
    return gad_fail(d, r, "%s: %s", path, gad_strerror(r));
}

int safe_path_open(const char *path, int *ret_fd, struct gad_diag *d)
{
    gad_cleanup(walk_deinit) struct walk w = {.fd = -1};
    int r = start(&w, path);

    while (r == 0 && *w.rest)
        r = step(&w);
    if (r != 0)
        return fail(path, r, d);
    *ret_fd = w.fd;
    w.fd = -1; /* now the caller's */
    return 0;
}

int safe_path_check_parent(const char *path, struct gad_diag *d)
{
    char parent[PATH_MAX];
    gad_cleanup(gad_closep) int fd = -1;
    size_t len = strlen(path);

    while (len > 1 && path[len - 1] == '/')
        len--;
    while (len > 0 && path[len - 1] != '/')
        len--;
    if (len + 2 > sizeof(parent))
        return fail(path, -ENAMETOOLONG, d);
    /* "." as the last component: links of root before it are followed */
    (void)snprintf(parent, sizeof(parent), "%.*s.", (int)len, path);
    return safe_path_open(parent, &fd, d);
}
