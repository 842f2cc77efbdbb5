/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config/apart.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/config/check.h"
#include "daemon/config/config.h"
#include "lib/base/diag.h"
#include "lib/base/mem.h"
#include "lib/base/text.h"

enum {
    /* sockets, records file, rules, versions, budgets, hosts, the configuration file itself */
    OTHERS = 10,
    PLACES_MAX = CONFIG_OUTPUTS_MAX + CONFIG_MODELS_MAX + OTHERS,
    SHOWN = 16 + CONFIG_NAME_MAX,
    SHOWN_PLACE = 192,
};

enum use { USE_WRITE, USE_LISTEN, USE_OTHER /* reads it, or connects to it */ };

struct place {
    enum use use;
    char section[SHOWN];
    const char *key;
    const struct config_value *value;   /* or NULL */
    const struct config_output *output; /* or NULL */
    uint64_t files;   /* number of files that rotation keeps; 0: it does not rotate */
    const char *path; /* "-": the standard output */
    char real[PATH_MAX];
    bool is_file; /* a regular file exists now, with these numbers: */
    dev_t dev;
    ino_t ino;
};

struct places {
    size_t n;
    struct place at[PLACES_MAX];
};

/* The directory as the file system resolves it, and the last component of the path. */
static void resolve(const char *path, char real[static PATH_MAX])
{
    char copy[PATH_MAX], dir[PATH_MAX];

    (void)snprintf(copy, sizeof(copy), "%s", path);
    char *slash = strrchr(copy, '/');
    const char *base = slash ? slash + 1 : copy;
    bool is_plain = slash && *base && strcmp(base, ".") != 0 && strcmp(base, "..") != 0;
    if (is_plain)
        *slash = '\0';
    if (!realpath(slash == copy && is_plain ? "/" : copy, dir)) {
        (void)snprintf(real, PATH_MAX, "%s", path);
        return;
    }
    size_t len = strlen(dir);
    bool is_root = len == 1;
    if (!is_plain || len + strlen(base) + 2 > PATH_MAX) {
        (void)snprintf(real, PATH_MAX, "%s", is_plain ? path : dir);
        return;
    }
    memcpy(real, dir, is_root ? 0 : len);
    (void)snprintf(real + (is_root ? 0 : len), PATH_MAX - len, "/%s", base);
}

static struct place *add(struct places *p, enum use use, const char *section, const char *name,
                         const char *key, const struct config_value *value, const char *path)
{
    struct place *one = &p->at[p->n];
    struct stat st;

    if (!path || !*path)
        return NULL;
    gad_assert(p->n < PLACES_MAX);
    p->n++;
    *one = (struct place){.use = use, .key = key, .value = value, .path = path};
    (void)snprintf(one->section, sizeof(one->section), "%s%s%s", section, *name ? " " : "", name);
    if (strcmp(path, "-") == 0) {
        (void)snprintf(one->real, sizeof(one->real), "-");
        return one;
    }
    resolve(path, one->real);
    one->is_file = stat(path, &st) == 0 && S_ISREG(st.st_mode);
    if (one->is_file) {
        one->dev = st.st_dev;
        one->ino = st.st_ino;
    }
    return one;
}

static void add_output(struct places *p, const struct config_output *o)
{
    const struct config_value *to = config_value_of(o->value, "output", "to");
    bool is_file = strcmp(o->type, "file") == 0, is_stdout = strcmp(o->type, "stdout") == 0;
    bool is_socket = strcmp(o->type, "unix") == 0 || strcmp(o->type, "unix-dgram") == 0;
    struct place *one = NULL;

    if (is_file)
        one = add(p, USE_WRITE, "output", o->name, "to", to, o->to);
    else if (is_stdout)
        one = add(p, USE_WRITE, "output", o->name, "type",
                  config_value_of(o->value, "output", "type"), "-");
    else if (is_socket)
        one = add(p, USE_OTHER, "output", o->name, "to", to, o->to);
    if (!one)
        return;
    one->output = o;
    one->files = is_file && o->file_size > 0 ? o->files : 0;
}

static void add_all(struct places *p, const struct config *c)
{
    const struct config_value *v = c->value;

    (void)add(p, USE_LISTEN, "scoring", "", "unix", config_value_of(v, "scoring", "unix"),
              c->scoring.unix_path);
    (void)add(p, USE_LISTEN, "control", "", "unix", config_value_of(v, "control", "unix"),
              c->control.unix_path);
    (void)add(p, USE_LISTEN, "metrics", "", "unix", config_value_of(v, "metrics", "unix"),
              c->metrics.unix_path);
    (void)add(p, USE_WRITE, "alerts", "", "suppress", config_value_of(v, "alerts", "suppress"),
              c->alerts.suppress);
    (void)add(p, USE_WRITE, "alerts", "", "feedback", config_value_of(v, "alerts", "feedback"),
              c->alerts.feedback);
    (void)add(p, USE_WRITE, "trust", "", "versions", config_value_of(v, "trust", "versions"),
              c->trust.versions);
    (void)add(p, USE_WRITE, "budget", "", "state", config_value_of(v, "budget", "state"),
              c->budget.state);
    (void)add(p, USE_WRITE, "host", "", "state", config_value_of(v, "host", "state"),
              c->host.state);
    struct place *records = add(p, USE_WRITE, "records", "", "file",
                                config_value_of(v, "records", "file"), c->records.file);
    if (records)
        records->files = c->records.files;
    (void)add(p, USE_OTHER, "ganadd", "", "configuration", NULL, c->file);
    for (size_t i = 0; i < c->n_outputs; i++)
        add_output(p, &c->output[i]);
    for (size_t i = 0; i < c->n_models; i++)
        (void)add(p, USE_OTHER, "model", c->model[i].name, "checkpoint",
                  config_value_of(c->model[i].value, "model", "checkpoint"),
                  c->model[i].checkpoint);
}

/* Whether @b is a name to which rotation moves @a. */
static bool is_moved_to(const struct place *a, const struct place *b)
{
    size_t len = strlen(a->real);
    uint64_t n;

    return a->files > 0 && strncmp(a->real, b->real, len) == 0 && b->real[len] == '.' &&
           gad_text_u64(b->real + len + 1, strlen(b->real + len + 1), a->files, &n) == 0 && n > 0;
}

static bool may_share(const struct place *a, const struct place *b)
{
    const struct config_output *x = a->output, *y = b->output;

    if (a->use == USE_OTHER && b->use == USE_OTHER)
        return true;
    return x && y && a->use == USE_WRITE && b->use == USE_WRITE && a->files == 0 && b->files == 0 &&
           strcmp(x->format, y->format) == 0 && strcmp(x->framing, y->framing) == 0 &&
           x->syslog == y->syslog;
}

/* "FILE:12: ", as far as known. */
static const char *where(const struct place *p, char text[static SHOWN_PLACE])
{
    text[0] = '\0';
    if (p->value && p->value->file)
        (void)snprintf(text, SHOWN_PLACE, "%.150s:%u: ", p->value->file, p->value->line);
    return text;
}

static int clash(const struct place *a, const struct place *b, const char *how, const char *advice,
                 struct gad_diag *d)
{
    char at[SHOWN_PLACE];
    bool is_stdout = strcmp(b->path, "-") == 0;

    return gad_fail(d, GAD_EINVAL, "%ssection '%s': key '%s': '%.120s' is also %s section '%s': %s",
                    where(b, at), b->section, b->key, is_stdout ? "the standard output" : b->path,
                    how, a->section, advice);
}

static int compare(const struct place *a, const struct place *b, struct gad_diag *d)
{
    bool same = strcmp(a->real, b->real) == 0 ||
                (a->is_file && b->is_file && a->dev == b->dev && a->ino == b->ino);
    bool both_write = a->use == USE_WRITE && b->use == USE_WRITE;

    if (same && !may_share(a, b) && both_write && a->output && b->output)
        return clash(a, b, "written to by",
                     "use separate files, or the same format, framing and syslog for both, "
                     "and file_size = 0",
                     d);
    if (same && !may_share(a, b))
        return clash(a, b, "used by", "use separate paths", d);
    if (is_moved_to(a, b))
        return clash(a, b, "a rotated file of", "rename it", d);
    if (is_moved_to(b, a))
        return clash(b, a, "a rotated file of", "rename it", d);
    return 0;
}

int config_check_apart(const struct config *c, struct gad_diag *d)
{
    gad_cleanup(gad_freep) struct places *p = gad_calloc(1, sizeof(*p));
    int r = 0;

    if (!p)
        return gad_fail(d, GAD_ENOMEM, "%s: no memory", c->file);
    add_all(p, c);
    for (size_t i = 0; r == 0 && i < p->n; i++)
        for (size_t k = i + 1; r == 0 && k < p->n; k++)
            r = compare(&p->at[i], &p->at[k], d);
    return r;
}
