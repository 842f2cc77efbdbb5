/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the directory of trusted keys. */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/diag.h"
#include "lib/sign/minisign.h"

static bool is_ours_alone(const struct stat *st)
{
    return (st->st_uid == 0 || st->st_uid == geteuid()) && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static int check(const struct stat *st, const char *directory, const char *name, struct gad_diag *d)
{
    return is_ours_alone(st)
               ? 0
               : gad_fail(d, -EPERM,
                          "%s%s%s: other users can write it, so it cannot be trusted: it must "
                          "belong to root "
                          "or to the user who runs this, with mode go-w, not %03o",
                          directory, *name ? "/" : "", name, (unsigned)st->st_mode & 07777U);
}

static int read_key(int dir, const char *directory, const char *name, struct gad_sign_key *ret,
                    struct gad_diag *d)
{
    uint8_t text[GAD_SIGN_FILE_MAX + 1];
    struct stat st;

    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return gad_fail(d, -errno, "%s/%s: cannot open: %s", directory, name, gad_strerror(-errno));
    bool is_file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    ssize_t n = is_file ? read(fd, text, sizeof(text)) : -1;
    (void)close(fd);
    if (!is_file)
        return gad_fail(d, GAD_EFORMAT, "%s/%s: not a regular file", directory, name);
    int r = check(&st, directory, name, d);
    if (r != 0)
        return r;
    if (n < 0 || n > GAD_SIGN_FILE_MAX)
        return gad_fail(d, GAD_EFORMAT, "%s/%s: cannot be read or is too long", directory, name);
    r = gad_sign_key_parse(text, (size_t)n, ret, d);
    if (r != 0)
        gad_diag_prefix(d, "%s/%s", directory, name);
    return r;
}

static bool is_key(const char *name)
{
    size_t len = strlen(name);
    return len > 4 && name[0] != '.' && strcmp(name + len - 4, ".pub") == 0;
}

static int read_all(DIR *dir, const char *directory, struct gad_sign_keys *ret, struct gad_diag *d)
{
    const struct dirent *e;
    int r = 0;

    while (r == 0 && (e = readdir(dir)) != NULL) {
        if (!is_key(e->d_name))
            continue;
        if (ret->n == GAD_SIGN_KEYS_MAX)
            return gad_fail(d, GAD_ELIMIT, "%s: more than %d keys", directory, GAD_SIGN_KEYS_MAX);
        r = read_key(dirfd(dir), directory, e->d_name, &ret->key[ret->n], d);
        ret->n += r == 0;
    }
    return r;
}

bool gad_sign_keys_have(const struct gad_sign_keys *keys, const struct gad_sign_key *key)
{
    for (size_t i = 0; i < keys->n; i++)
        if (memcmp(keys->key[i].id, key->id, sizeof(key->id)) == 0 &&
            memcmp(keys->key[i].key, key->key, sizeof(key->key)) == 0)
            return true;
    return false;
}

int gad_sign_keys_read(const char *directory, struct gad_sign_keys *ret, struct gad_diag *d)
{
    struct stat st;

    ret->n = 0;
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return 0;
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir || fstat(fd, &st) != 0) {
        int err = -errno;
        if (fd >= 0 && !dir)
            (void)close(fd);
        if (dir)
            (void)closedir(dir);
        return gad_fail(d, err, "%s: cannot open: %s", directory, gad_strerror(err));
    }
    int r = check(&st, directory, "", d);
    if (r == 0)
        r = read_all(dir, directory, ret, d);
    (void)closedir(dir);
    return r;
}
