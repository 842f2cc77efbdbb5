/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/tls_files.h"

#include <stdio.h>
#include <unistd.h>

#include "daemon/credential.h"
#include "lib/base/mem.h"

enum { TEXT = 2 * PATH_MAX };

/* The paths that the values stand for. */
struct paths {
    char buf[4][PATH_MAX];
    struct gad_tls_files files;
};

static int path_of(const char *key, const char *value, char *buf, const char **ret,
                   struct gad_diag *d)
{
    int r = credential_path(value, buf, PATH_MAX, ret, d);

    if (r != 0)
        gad_diag_prefix(d, "key '%s'", key);
    return r;
}

/* Too large for a stack. The caller frees the paths. */
static int paths_of(const struct gad_tls_files *value, struct paths **ret, struct gad_diag *d)
{
    gad_cleanup(gad_freep) struct paths *p = gad_calloc(1, sizeof(*p));

    if (!p)
        return gad_fail(d, GAD_ENOMEM, "no memory");
    int r = path_of("ca", value->ca, p->buf[0], &p->files.ca, d);
    if (r == 0)
        r = path_of("certificate", value->certificate, p->buf[1], &p->files.certificate, d);
    if (r == 0)
        r = path_of("key", value->key, p->buf[2], &p->files.key, d);
    if (r == 0)
        r = path_of("crl", value->crl, p->buf[3], &p->files.crl, d);
    if (r == 0)
        *ret = gad_steal(&p);
    return r;
}

int tls_files_context(const struct tls_files *f, struct ssl_ctx_st **ret, struct gad_diag *d)
{
    gad_cleanup(gad_freep) struct paths *p = NULL;
    int r = paths_of(&f->value, &p, d);

    return r == 0 ? gad_tls_context(f->role, &p->files, ret, d) : r;
}

int tls_files_check_dates(const struct tls_files *f, struct ssl_ctx_st *context, struct gad_diag *d)
{
    gad_cleanup(gad_freep) struct paths *p = NULL;
    int r = paths_of(&f->value, &p, d);

    return r == 0 ? gad_tls_check_dates(context, &p->files, d) : r;
}

/* --- ganadd -t --- */

static const char *unless_missing(const char *value, const char **missing)
{
    if (credential_can_be_there(value))
        return value;
    *missing = value;
    return "";
}

int tls_files_check(const struct tls_files *f, struct gad_diag *d)
{
    struct tls_files checkable = *f;
    const char *missing = NULL;
    struct ssl_ctx_st *context;

    checkable.value.ca = unless_missing(f->value.ca, &missing);
    checkable.value.certificate = unless_missing(f->value.certificate, &missing);
    checkable.value.key = unless_missing(f->value.key, &missing);
    checkable.value.crl = unless_missing(f->value.crl, &missing);
    int r = tls_files_context(&checkable, &context, d);
    if (r != 0)
        return r;
    r = tls_files_check_dates(&checkable, context, d);
    gad_tls_context_free(context);
    if (r == 0 && missing)
        (void)gad_fail(d, 0, "'%s' is not checked: only the service has it", missing);
    return r;
}

/* --- files that are renewed in place --- */

static struct tls_identity identify(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return (struct tls_identity){.error = errno};
    return (struct tls_identity){.dev = st.st_dev,
                                 .ino = st.st_ino,
                                 .size = st.st_size,
                                 .modified = st.st_mtim,
                                 .changed = st.st_ctim};
}

static bool is_same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool has_changed(const struct tls_watched *w)
{
    const struct tls_identity *a = &w->was, *b = &w->is;
    return w->key &&
           (a->error != b->error || a->dev != b->dev || a->ino != b->ino || a->size != b->size ||
            !is_same_time(&a->modified, &b->modified) || !is_same_time(&a->changed, &b->changed));
}

static void watch(struct tls_watched *w, const char *key, const char *value)
{
    const char *path;

    if (*value == '\0' || credential_path(value, w->path, sizeof(w->path), &path, NULL) != 0)
        return; /* a missing credential ends the start */
    if (path != w->path)
        (void)snprintf(w->path, sizeof(w->path), "%s", path);
    w->key = key;
    w->was = identify(w->path);
}

void tls_renewal_init(struct tls_renewal *r, const struct tls_files *f)
{
    const char *file, *directory;

    r->files = f;
    watch(&r->file[0], "ca", f->value.ca);
    watch(&r->file[1], "certificate", f->value.certificate);
    watch(&r->file[2], "key", f->value.key);
    watch(&r->file[3], "crl", f->value.crl);
    if (*f->value.ca != '\0')
        return;
    gad_tls_system_ca(&file, &directory);
    watch(&r->file[0], "ca", file);
    watch(&r->file[4], "ca", directory);
}

void tls_renewal_forget(struct tls_renewal *r)
{
    gad_tls_context_free(r->context);
    r->context = NULL;
    r->kept.text[0] = '\0';
}

/* Returns a file that only root can read; NULL: ganadd can read all files. */
static const struct tls_watched *unreadable(const struct tls_renewal *r)
{
    for (size_t i = 0; i < TLS_FILES_WATCHED; i++)
        if (r->file[i].key && access(r->file[i].path, R_OK) != 0 && errno == EACCES)
            return &r->file[i];
    return NULL;
}

int tls_renewal_read(struct tls_renewal *r, struct gad_diag *d)
{
    bool changed = false;

    tls_renewal_forget(r);
    for (size_t i = 0; i < TLS_FILES_WATCHED; i++) {
        r->file[i].is = r->file[i].key ? identify(r->file[i].path) : r->file[i].was;
        changed = changed || has_changed(&r->file[i]);
    }
    const struct tls_watched *w = changed ? unreadable(r) : NULL;
    if (w)
        (void)gad_fail(&r->kept, -EACCES,
                       "%s %s %s, which the user of ganadd cannot read (Permission denied)",
                       r->files->section, w->key, w->path);
    if (!changed || w)
        return 0;
    int err = tls_files_context(r->files, &r->context, d);
    return err == 0 ? tls_files_check_dates(r->files, r->context, d) : err;
}

struct ssl_ctx_st *tls_renewal_take(struct tls_renewal *r, tls_renewal_fn *fn, void *arg)
{
    char text[TEXT];

    if (*r->kept.text)
        fn(arg, false, r->kept.text);
    for (size_t i = 0; r->context && i < TLS_FILES_WATCHED; i++) {
        struct tls_watched *w = &r->file[i];
        if (has_changed(w)) {
            (void)snprintf(text, sizeof(text), "%s %s %s, from the next connection on",
                           r->files->section, w->key, w->path);
            fn(arg, true, text);
        }
        w->was = w->is;
    }
    return gad_steal(&r->context);
}
