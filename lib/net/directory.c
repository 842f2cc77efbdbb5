/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net/directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/diag.h"

struct entry {
    int64_t written_ns;
    bool is_taken, is_deleted;
    char *name;
};

struct list { /* by name, after list_sort() */
    size_t n, room;
    struct entry *e;
};

struct gad_directory {
    struct gad_directory_options opt;
    int fd;
    bool was_scanned;
    struct list files;
    size_t current;      /* the file returned last, or SIZE_MAX */
    size_t n_unreadable; /* directories in it, at the last scan */
    size_t path_len;
    char path[PATH_MAX]; /* of the directory, then of a file in it */
};

static void list_deinit(struct list *l)
{
    for (size_t i = 0; i < l->n; i++)
        gad_free(l->e[i].name);
    gad_free(l->e);
    *l = (struct list){.n = 0};
}

static int list_add(struct list *l, const char *name, int64_t written_ns)
{
    if (l->n == GAD_DIRECTORY_FILES_MAX)
        return GAD_ELIMIT;
    if (l->n == l->room) {
        size_t room = l->room ? l->room * 2 : 64; /* <= 2 * GAD_DIRECTORY_FILES_MAX */
        struct entry *e = gad_realloc_array(l->e, room, sizeof(*e));
        if (!e)
            return GAD_ENOMEM;
        l->e = e;
        l->room = room;
    }
    char *copy = gad_strndup(name, strlen(name));
    if (!copy)
        return GAD_ENOMEM;
    l->e[l->n++] = (struct entry){.written_ns = written_ns, .name = copy};
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static void list_sort(struct list *l)
{
    if (l->n > 0)
        qsort(l->e, l->n, sizeof(*l->e), by_name);
}

static struct entry *list_find(const struct list *l, struct entry *like)
{
    return l->n > 0 ? bsearch(like, l->e, l->n, sizeof(*l->e), by_name) : NULL;
}

/* False: it is not a regular file, or no longer there. */
static bool stat_file(const struct gad_directory *dir, const char *name, int64_t *ret_written_ns)
{
    struct stat st;

    if (fstatat(dir->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
        return false;
    int64_t ns;
    if (__builtin_mul_overflow((int64_t)st.st_mtim.tv_sec, INT64_C(1000000000), &ns) ||
        __builtin_add_overflow(ns, (int64_t)st.st_mtim.tv_nsec, &ns))
        ns = st.st_mtim.tv_sec < 0 ? INT64_MIN : INT64_MAX;
    *ret_written_ns = ns;
    return true;
}

/* The listing of one directory, and of those in it. */
struct walk {
    const struct gad_directory *dir;
    struct list *l;
    struct gad_diag *d; /* receives the first directory that cannot be read */
    size_t n_unreadable;
    unsigned depth;
    size_t len; /* of name up to the current directory, with its slash */
    char name[PATH_MAX];
};

static int read_names(struct walk *w, DIR *stream);

/* Lists the directory whose name is in w->name; @len: with a slash. */
static int read_sub(struct walk *w, size_t len)
{
    int fd = openat(w->dir->fd, w->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    size_t before = w->len;

    if (!stream) {
        int err = -errno;
        if (fd >= 0)
            close(fd);
        if (err == -ENOENT || err == -ENOTDIR || err == -ELOOP) /* replaced meanwhile */
            return 0;
        if (w->n_unreadable++ == 0)
            (void)gad_fail(w->d, err, "%s/%s: cannot open: %s; skipping it", w->dir->path, w->name,
                           gad_strerror(err));
        return 0;
    }
    w->name[len - 1] = '/';
    w->len = len;
    w->depth++;
    int r = w->depth > GAD_DIRECTORY_DEPTH_MAX ? GAD_ELIMIT : read_names(w, stream);
    w->depth--;
    w->len = before;
    closedir(stream);
    return r;
}

static bool is_directory(const struct gad_directory *dir, const char *name)
{
    struct stat st;

    return fstatat(dir->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static int read_names(struct walk *w, DIR *stream)
{
    const size_t room = sizeof(w->dir->path) - w->dir->path_len - 1;
    int64_t written_ns;
    struct dirent *e;

    while (errno = 0, (e = readdir(stream)) != NULL) {
        size_t len = w->len + strlen(e->d_name) + 1;
        if (e->d_name[0] == '.')
            continue;
        if (len > room)
            return GAD_ELIMIT;
        memcpy(w->name + w->len, e->d_name, len - w->len);
        int r = 0;
        if (stat_file(w->dir, w->name, &written_ns))
            r = list_add(w->l, w->name, written_ns);
        else if (w->dir->opt.recursive && is_directory(w->dir, w->name))
            r = read_sub(w, len);
        if (r != 0)
            return r;
    }
    return -errno;
}

/* Opens by name each time, so that a directory that was deleted and created again is found. */
static DIR *open_again(struct gad_directory *dir)
{
    int fd = open(dir->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int own = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
    DIR *stream = own >= 0 ? fdopendir(fd) : NULL;

    if (!stream) {
        int err = errno;
        if (fd >= 0)
            close(fd);
        if (own >= 0)
            close(own);
        errno = err;
        return NULL;
    }
    if (dir->fd >= 0)
        close(dir->fd);
    dir->fd = own;
    return stream;
}

/* Lists the directory again. Files that were taken and not written to since remain taken. */
static int scan(struct gad_directory *dir, struct gad_diag *d)
{
    gad_cleanup(list_deinit) struct list fresh = {.n = 0};
    struct gad_diag unreadable = {""};
    struct walk w = {.dir = dir, .l = &fresh, .d = &unreadable};
    DIR *stream = open_again(dir);

    if (!stream) {
        int err = -errno;
        return gad_fail(d, err, "%s: cannot open: %s", dir->path, gad_strerror(err));
    }
    int r = read_names(&w, stream);
    closedir(stream);
    if (r != 0)
        return gad_fail(d, r, "%s: cannot list: %s", dir->path, gad_strerror(r));
    if (w.n_unreadable > 0 && w.n_unreadable != dir->n_unreadable)
        (void)gad_fail(d, 0, "%s", unreadable.text);
    dir->n_unreadable = w.n_unreadable;
    list_sort(&fresh);
    for (size_t i = 0; i < fresh.n; i++) {
        const struct entry *old = list_find(&dir->files, &fresh.e[i]);
        fresh.e[i].is_taken = old && old->is_taken && old->written_ns == fresh.e[i].written_ns;
    }
    struct list old = dir->files;
    dir->files = fresh;
    fresh = old; /* freed at the end of this function */
    dir->current = SIZE_MAX;
    dir->was_scanned = true;
    return 0;
}

int gad_directory_open(const char *path, const struct gad_directory_options *opt,
                       struct gad_directory **ret, struct gad_diag *d)
{
    gad_cleanup(gad_directory_closep) struct gad_directory *dir = gad_calloc(1, sizeof(*dir));

    if (!dir)
        return gad_fail(d, GAD_ENOMEM, "%.200s: no memory", path);
    dir->fd = -1;
    dir->current = SIZE_MAX;
    if (opt)
        dir->opt = *opt;
    dir->path_len = strlen(path);
    if (dir->path_len + 1 + NAME_MAX >= sizeof(dir->path))
        return gad_fail(d, GAD_ELIMIT, "%.200s...: path too long", path);
    memcpy(dir->path, path, dir->path_len);
    dir->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir->fd < 0) {
        int err = -errno;
        return gad_fail(d, err, "%s: cannot open: %s", path, gad_strerror(err));
    }
    *ret = gad_steal(&dir);
    return 0;
}

void gad_directory_close(struct gad_directory *dir)
{
    if (!dir)
        return;
    list_deinit(&dir->files);
    if (dir->fd >= 0)
        close(dir->fd);
    gad_free(dir);
}

static bool is_before(const struct entry *a, const struct entry *b)
{
    return a->written_ns != b->written_ns ? a->written_ns < b->written_ns
                                          : strcmp(a->name, b->name) < 0;
}

static bool is_settled(const struct gad_directory *dir, const struct entry *e, struct gad_time now)
{
    return !dir->opt.watch ||
           gad_time_sub(now, (struct gad_time){e->written_ns}).ns >= dir->opt.settle_ns;
}

/* SIZE_MAX: none. */
static size_t pick(struct gad_directory *dir, struct gad_time now)
{
    for (;;) {
        size_t best = SIZE_MAX;
        for (size_t i = 0; i < dir->files.n; i++) {
            const struct entry *e = &dir->files.e[i];
            if (!e->is_taken && !e->is_deleted && is_settled(dir, e, now) &&
                (best == SIZE_MAX || is_before(e, &dir->files.e[best])))
                best = i;
        }
        if (best == SIZE_MAX)
            return best;
        struct entry *e = &dir->files.e[best]; /* compares the last scan with the current state */
        int64_t listed_ns = e->written_ns;
        e->is_deleted = !stat_file(dir, e->name, &e->written_ns);
        if (!e->is_deleted && e->written_ns == listed_ns)
            return best;
    }
}

int gad_directory_next(struct gad_directory *dir, struct gad_time now, const char **ret_path,
                       struct gad_diag *d)
{
    dir->path[dir->path_len] = '\0';
    size_t i = dir->was_scanned ? pick(dir, now) : SIZE_MAX;
    if (i == SIZE_MAX && (dir->opt.watch || !dir->was_scanned)) {
        int r = scan(dir, d);
        if (r != 0)
            return r;
        i = pick(dir, now);
    }
    dir->current = i;
    if (i == SIZE_MAX)
        return dir->opt.watch ? GAD_MORE : GAD_END;
    dir->files.e[i].is_taken = true;
    (void)snprintf(dir->path + dir->path_len, sizeof(dir->path) - dir->path_len, "/%s",
                   dir->files.e[i].name); /* gad_directory_open() checked the length */
    *ret_path = dir->path;
    return 0;
}

int gad_directory_done(struct gad_directory *dir, struct gad_diag *d)
{
    int64_t written_ns;

    if (!dir->opt.delete_done || dir->current == SIZE_MAX)
        return 0;
    struct entry *e = &dir->files.e[dir->current];
    dir->current = SIZE_MAX;
    if (!stat_file(dir, e->name, &written_ns) || written_ns != e->written_ns)
        return 0;
    if (unlinkat(dir->fd, e->name, 0) != 0) {
        int err = -errno;
        return gad_fail(d, err, "%s: cannot delete: %s", dir->path, gad_strerror(err));
    }
    return 0;
}
