/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/feed/renewal.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/config/config.h"
#include "daemon/credential.h"
#include "daemon/feed/output_thread.h"
#include "daemon/feed/tls_files.h"
#include "lib/base/diag.h"

enum { FILES = 4, TEXT = 2 * PATH_MAX };

/* Identifies the file that was read: a replaced or modified file differs. */
struct identity {
    int error; /* of stat(2) */
    dev_t dev;
    ino_t ino;
    off_t size;
    struct timespec modified, changed;
};

struct watched {
    const char *key; /* NULL: not in use */
    char path[PATH_MAX];
    struct identity was, is;
};

struct watched_output {
    const struct config_output *config;
    struct watched file[FILES];
    void *context; /* read and not applied yet; NULL: unchanged or not readable */
    /* why changed files are not applied; "": they are, or nothing has changed */
    struct gad_diag kept;
};

struct renewal {
    size_t n;
    struct watched_output output[CONFIG_OUTPUTS_MAX];
};

static struct identity identify(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return (struct identity){.error = errno};
    return (struct identity){.dev = st.st_dev,
                             .ino = st.st_ino,
                             .size = st.st_size,
                             .modified = st.st_mtim,
                             .changed = st.st_ctim};
}

static bool is_same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool has_changed(const struct watched *w)
{
    const struct identity *a = &w->was, *b = &w->is;
    return w->key &&
           (a->error != b->error || a->dev != b->dev || a->ino != b->ino || a->size != b->size ||
            !is_same_time(&a->modified, &b->modified) || !is_same_time(&a->changed, &b->changed));
}

static void watch(struct watched *w, const char *key, const char *value)
{
    const char *path;

    if (*value == '\0' || credential_path(value, w->path, sizeof(w->path), &path, NULL) != 0)
        return; /* a missing credential ends the start */
    if (path != w->path)
        (void)snprintf(w->path, sizeof(w->path), "%s", path);
    w->key = key;
    w->was = identify(w->path);
}

static void watch_output(struct watched_output *o, const struct config_output *c)
{
    const char *file, *directory;

    o->config = c;
    watch(&o->file[0], "ca", c->ca);
    watch(&o->file[1], "certificate", c->certificate);
    watch(&o->file[2], "key", c->key);
    if (*c->ca != '\0')
        return;
    tls_files_system_ca(&file, &directory);
    watch(&o->file[0], "ca", file);
    watch(&o->file[3], "ca", directory);
}

int renewal_new(const struct config *c, struct renewal **ret)
{
    struct renewal *r = gad_calloc(1, sizeof(*r));

    if (!r)
        return GAD_ENOMEM;
    r->n = c->n_outputs;
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(c->output[i].type, "tls") == 0)
            watch_output(&r->output[i], &c->output[i]);
    *ret = r;
    return 0;
}

static void forget(struct watched_output *o)
{
    transport_tls_context_free(o->context);
    o->context = NULL;
    o->kept.text[0] = '\0';
}

void renewal_free(struct renewal *r)
{
    for (size_t i = 0; r && i < r->n; i++)
        forget(&r->output[i]);
    gad_free(r);
}

/* Returns a file that only root can read; NULL: ganadd can read all files. */
static const struct watched *unreadable(const struct watched_output *o)
{
    for (size_t i = 0; i < FILES; i++)
        if (o->file[i].key && access(o->file[i].path, R_OK) != 0 && errno == EACCES)
            return &o->file[i];
    return NULL;
}

static int read_output(struct watched_output *o, struct gad_diag *d)
{
    const struct config_output *c = o->config;
    bool changed = false;

    for (size_t i = 0; i < FILES; i++) {
        o->file[i].is = o->file[i].key ? identify(o->file[i].path) : o->file[i].was;
        changed = changed || has_changed(&o->file[i]);
    }
    const struct watched *w = changed ? unreadable(o) : NULL;
    if (w)
        (void)gad_fail(&o->kept, -EACCES,
                       "[output %s] %s %s, which the user of ganadd cannot read (Permission "
                       "denied)",
                       c->name, w->key, w->path);
    if (!changed || w)
        return 0;
    int r = transport_tls_context(c, &o->context, d);
    if (r == 0)
        r = tls_files_check_dates(o->context, c, d);
    if (r != 0)
        gad_diag_prefix(d, "output '%s' (%s %s)", c->name, c->type, c->to);
    return r;
}

int renewal_read(struct renewal *r, struct gad_diag *d)
{
    int error = 0;

    for (size_t i = 0; error == 0 && i < r->n; i++) {
        forget(&r->output[i]);
        if (r->output[i].config)
            error = read_output(&r->output[i], d);
    }
    for (size_t i = 0; error != 0 && i < r->n; i++)
        forget(&r->output[i]);
    return error;
}

static void report_files(struct watched_output *o, renewal_fn *fn, void *arg)
{
    char text[TEXT];

    for (size_t i = 0; i < FILES; i++) {
        struct watched *w = &o->file[i];
        if (has_changed(w)) {
            (void)snprintf(text, sizeof(text), "[output %s] %s %s, from the next connection on",
                           o->config->name, w->key, w->path);
            fn(arg, true, text);
        }
        w->was = w->is;
    }
}

void renewal_put(struct renewal *r, struct output_thread *output_thread, renewal_fn *fn, void *arg)
{
    for (size_t i = 0; i < r->n; i++) {
        struct watched_output *o = &r->output[i];
        if (*o->kept.text)
            fn(arg, false, o->kept.text);
        if (!o->context)
            continue;
        report_files(o, fn, arg);
        output_thread_renew(output_thread, i, gad_steal(&o->context));
    }
}
