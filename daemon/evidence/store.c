/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/evidence/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "lib/base/file.h"

#define TEMPORARY ".tmp"

enum { DIRECTORY_MODE = 0750, FILE_MODE = 0640, SCANNED_MAX = 1 << 20 };

struct evidence_store {
    int dir;
    uint64_t quota, bytes;
    pthread_mutex_t lock;
    struct evidence_file *file; /* (max), a ring: oldest at first */
    size_t max, first, n;
};

static bool ends_with(const char *name, const char *end)
{
    size_t len = strlen(name), of = strlen(end);
    return len > of && strcmp(name + len - of, end) == 0;
}

/* --- the directory --- */

static int refuse(const char *directory, int err, struct gad_diag *d)
{
    bool is_link = err == -ELOOP || err == -ENOTDIR;

    return gad_fail(d, err, "'%s': %s", directory,
                    is_link ? "a symbolic link, or not a directory" : gad_strerror(err));
}

/* Packets come from other people: only the owner and a group may read them. */
static int check_open(int dir, const char *directory, struct gad_diag *d)
{
    struct stat st;

    if (fstat(dir, &st) != 0)
        return refuse(directory, -errno, d);
    if (st.st_mode & 07)
        return gad_fail(d, -EPERM, "'%s': other users can enter it: chmod 0750 '%s'", directory,
                        directory);
    if (faccessat(dir, ".", R_OK | W_OK | X_OK, AT_EACCESS) != 0)
        return gad_fail(d, -errno, "'%s' is not writable: %s", directory, gad_strerror(-errno));
    return 0;
}

/* Returns a descriptor, or an error. */
static int open_directory(const char *directory, struct gad_diag *d)
{
    int dir = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (dir < 0)
        return refuse(directory, -errno, d);
    int r = check_open(dir, directory, d);
    if (r == 0)
        return dir;
    (void)close(dir);
    return r;
}

int evidence_store_check(const char *directory, struct gad_diag *d)
{
    char parent[4096];
    struct stat st;

    if (lstat(directory, &st) == 0) {
        int dir = open_directory(directory, d);
        if (dir >= 0)
            (void)close(dir);
        return dir < 0 ? dir : 0;
    }
    int n = snprintf(parent, sizeof(parent), "%s", directory);
    char *slash = strrchr(parent, '/');
    if (errno != ENOENT || n < 0 || (size_t)n >= sizeof(parent) || !slash)
        return refuse(directory, errno == ENOENT ? GAD_EINVAL : -errno, d);
    slash[slash == parent] = '\0';
    if (faccessat(AT_FDCWD, parent, W_OK | X_OK, AT_EACCESS) != 0)
        return gad_fail(d, -errno, "'%s' cannot be created: %s", directory, gad_strerror(-errno));
    return 0;
}

/* --- the files that it has --- */

struct scan {
    struct evidence_file *file; /* (room) */
    size_t n, room;
};

static int by_time(const void *pa, const void *pb)
{
    const struct evidence_file *a = pa, *b = pb;
    int by_name = strcmp(a->name, b->name);

    return a->time.ns != b->time.ns ? (a->time.ns > b->time.ns) - (a->time.ns < b->time.ns)
                                    : by_name;
}

static int scan_one(struct scan *s, const char *name, const struct stat *st)
{
    if (s->n == s->room) {
        size_t room = s->room * 2 + 64;
        struct evidence_file *p = gad_realloc_array(s->file, room, sizeof(*p));
        if (!p)
            return GAD_ENOMEM;
        s->file = p;
        s->room = room;
    }
    struct evidence_file *f = &s->file[s->n++];
    (void)snprintf(f->name, sizeof(f->name), "%s", name);
    f->size = (uint64_t)st->st_size;
    f->time.ns = st->st_mtim.tv_sec * INT64_C(1000000000) + st->st_mtim.tv_nsec;
    return 0;
}

/* Finds the files, and deletes those that a crash left half written. */
static int scan(int fd, struct scan *s)
{
    int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
    const struct dirent *e;
    struct stat st;
    int r = 0;

    if (!dir)
        return -errno;
    while (r == 0 && s->n < SCANNED_MAX && (e = readdir(dir)) != NULL) {
        if (fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode) ||
            strlen(e->d_name) >= EVIDENCE_NAME)
            continue;
        if (e->d_name[0] == '.' && ends_with(e->d_name, EVIDENCE_SUFFIX TEMPORARY))
            (void)unlinkat(fd, e->d_name, 0);
        else if (e->d_name[0] != '.' && ends_with(e->d_name, EVIDENCE_SUFFIX))
            r = scan_one(s, e->d_name, &st);
    }
    (void)closedir(dir);
    if (s->n > 0)
        qsort(s->file, s->n, sizeof(*s->file), by_time);
    return r;
}

static void append(struct evidence_store *s, const struct evidence_file *f)
{
    s->file[(s->first + s->n) % s->max] = *f;
    s->n++;
    s->bytes += f->size;
}

static void delete_oldest(struct evidence_store *s)
{
    const struct evidence_file *f = &s->file[s->first];

    (void)unlinkat(s->dir, f->name, 0); /* someone else may have deleted it */
    s->bytes -= f->size;
    s->first = (s->first + 1) % s->max;
    s->n--;
}

static int take_over(struct evidence_store *s)
{
    struct scan found = {0};
    int r = scan(s->dir, &found);
    size_t from = found.n > s->max ? found.n - s->max : 0;

    for (size_t i = 0; i < from; i++)
        (void)unlinkat(s->dir, found.file[i].name, 0);
    for (size_t i = from; i < found.n; i++)
        append(s, &found.file[i]);
    while (s->n > 0 && s->bytes > s->quota)
        delete_oldest(s);
    gad_free(found.file);
    return r;
}

/* --- life --- */

int evidence_store_open(const char *directory, uint64_t quota, size_t files,
                        struct evidence_store **ret, struct gad_diag *d)
{
    gad_cleanup(evidence_store_freep) struct evidence_store *s = gad_calloc(1, sizeof(*s));

    if (!s)
        return gad_fail(d, GAD_ENOMEM, "no memory");
    s->dir = -1;
    s->quota = quota;
    s->max = files;
    (void)pthread_mutex_init(&s->lock, NULL);
    s->file = gad_calloc(files, sizeof(*s->file));
    if (!s->file)
        return gad_fail(d, GAD_ENOMEM, "no memory");
    if (mkdir(directory, DIRECTORY_MODE) != 0 && errno != EEXIST)
        return gad_fail(d, -errno, "'%s' cannot be created: %s", directory, gad_strerror(-errno));
    s->dir = open_directory(directory, d);
    if (s->dir < 0)
        return s->dir;
    int r = take_over(s);
    if (r != 0)
        return gad_fail(d, r, "'%s': %s", directory, gad_strerror(r));
    *ret = gad_steal(&s);
    return 0;
}

void evidence_store_free(struct evidence_store *s)
{
    if (!s)
        return;
    gad_closep(&s->dir);
    (void)pthread_mutex_destroy(&s->lock);
    gad_free(s->file);
    gad_free(s);
}

int evidence_store_map(const struct evidence_store *s, size_t len, void **ret)
{
    int fd = openat(s->dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, FILE_MODE);

    if (fd < 0)
        return -errno;
    int r = -posix_fallocate(fd, 0, (off_t)len); /* a full disk shows now, not as a signal later */
    void *p = r == 0 ? mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (r == 0 && p == MAP_FAILED)
        r = -errno;
    (void)close(fd);
    if (r == 0)
        *ret = p;
    return r;
}

/* --- writing --- */

static int write_all(int fd, const void *p, size_t len)
{
    const uint8_t *from = p;

    while (len > 0) {
        ssize_t n = write(fd, from, len);
        if (n < 0 && errno != EINTR)
            return -errno;
        from += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return 0;
}

static int write_file(int dir, const char *name, const void *p, size_t len)
{
    char temporary[EVIDENCE_NAME + 8];

    (void)snprintf(temporary, sizeof(temporary), ".%s" TEMPORARY, name);
    (void)unlinkat(dir, temporary, 0);
    int fd =
        openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    if (fd < 0)
        return -errno;
    int r = write_all(fd, p, len);
    if (r == 0 && (fchmod(fd, FILE_MODE) != 0 || fdatasync(fd) != 0))
        r = -errno;
    (void)close(fd);
    if (r == 0 && renameat(dir, temporary, dir, name) != 0)
        r = -errno;
    if (r != 0)
        (void)unlinkat(dir, temporary, 0);
    return r;
}

int evidence_store_put(struct evidence_store *s, const char *name, const void *p, size_t len,
                       size_t *ret_deleted)
{
    struct evidence_file f = {.size = len, .time = gad_time_wall()};

    *ret_deleted = 0;
    if (len > s->quota || strlen(name) >= sizeof(f.name))
        return GAD_ELIMIT;
    (void)snprintf(f.name, sizeof(f.name), "%s", name);
    (void)pthread_mutex_lock(&s->lock);
    for (; s->n > 0 && (s->n == s->max || s->bytes + len > s->quota); ++*ret_deleted)
        delete_oldest(s);
    (void)pthread_mutex_unlock(&s->lock);
    int r = write_file(s->dir, name, p, len); /* one thread writes: the room stays */
    if (r != 0)
        return r;
    (void)pthread_mutex_lock(&s->lock);
    append(s, &f);
    (void)pthread_mutex_unlock(&s->lock);
    return 0;
}

/* --- reading --- */

bool evidence_store_file(struct evidence_store *s, size_t i, struct evidence_file *ret)
{
    (void)pthread_mutex_lock(&s->lock);
    bool is_one = i < s->n;
    if (is_one)
        *ret = s->file[(s->first + i) % s->max];
    (void)pthread_mutex_unlock(&s->lock);
    return is_one;
}

ssize_t evidence_store_read(struct evidence_store *s, const char *name, uint64_t at, void *to,
                            size_t room, uint64_t *ret_size)
{
    struct stat st;

    if (*name == '.' || strchr(name, '/') || !ends_with(name, EVIDENCE_SUFFIX))
        return -ENOENT;
    int fd = openat(s->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t n = fstat(fd, &st) != 0 ? -errno : !S_ISREG(st.st_mode) ? -ENOENT : 0;
    if (n == 0) {
        *ret_size = (uint64_t)st.st_size;
        n = at > INT64_MAX ? 0 : pread(fd, to, room, (off_t)at);
        n = n < 0 ? -errno : n;
    }
    (void)close(fd);
    return n;
}
