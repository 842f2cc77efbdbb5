/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config.h"

#include <dirent.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config_keys.h"
#include "daemon/config_read.h"
#include "lib/base/buf.h"
#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

static const char model_prefix[] = "model ";
enum { MODEL_PREFIX_LEN = sizeof(model_prefix) - 1 };

/* One file on its way into the configuration. */
struct loading {
    struct config *c;
    const char *file;
};

static bool is_model_key(const struct config_key *k)
{
    return strcmp(k->section, "model") == 0;
}

static void values_free(struct config_value *v)
{
    for (size_t i = 0; v && i < config_n_keys; i++) {
        gad_free(v[i].text);
        gad_free(v[i].file);
    }
    gad_free(v);
}

void config_free(struct config *c)
{
    if (!c)
        return;
    for (size_t m = 0; m < c->n_models; m++)
        values_free(c->model[m].value);
    values_free(c->value);
    gad_free(c->file);
    gad_free(c);
}

/* Values of the table's keys that belong to @base: a struct config, or a struct config_model. */
static int set_defaults(bool of_model, void *base, struct config_value **ret)
{
    *ret = gad_calloc(config_n_keys, sizeof(**ret));
    if (!*ret)
        return GAD_ENOMEM;
    for (size_t i = 0; i < config_n_keys; i++) {
        const struct config_key *k = &config_keys[i];
        if (is_model_key(k) != of_model || !k->fallback)
            continue;
        int r = config_value_set(k, k->fallback, (char *)base + k->at, NULL);
        gad_assert(r == 0); /* the table's own defaults; a unit test sets each */
    }
    return 0;
}

/* The model of that name, made if it is new; NULL if there is no memory or no more room. */
static struct config_model *model_named(struct config *c, const char *name)
{
    for (size_t i = 0; i < c->n_models; i++)
        if (strcmp(c->model[i].name, name) == 0)
            return &c->model[i];
    if (c->n_models == CONFIG_MODELS_MAX)
        return NULL;
    struct config_model *m = &c->model[c->n_models];
    if (set_defaults(true, m, &m->value) != 0)
        return NULL;
    (void)snprintf(m->name, sizeof(m->name), "%s", name);
    c->n_models++;
    return m;
}

static int unknown_section(const char *section, struct gad_diag *d)
{
    const char *names[CONFIG_KEYS_MAX];
    size_t n = 0;

    for (size_t i = 0; i < config_n_keys; i++)
        if (i == 0 || strcmp(config_keys[i].section, config_keys[i - 1].section) != 0)
            names[n++] = config_keys[i].section;
    int at = gad_text_nearest(section, names, n);
    if (strcmp(section, "model") == 0)
        return gad_fail(d, GAD_EUNKNOWN, "section 'model': needs a name, as in [model NAME]");
    if (at < 0)
        return gad_fail(d, GAD_EUNKNOWN, "section '%s': not known", section);
    return gad_fail(d, GAD_EUNKNOWN, "section '%s': not known; did you mean '%s'?", section,
                    names[at]);
}

static int check_model_name(const char *name, struct gad_diag *d)
{
    const struct config_key k = {.type = CONFIG_NAME};
    const char *ignored;

    if (strlen(name) > CONFIG_NAME_MAX)
        return gad_fail(d, GAD_EINVAL, "the name of a model is over %d bytes", CONFIG_NAME_MAX);
    return config_value_set(&k, name, &ignored, d);
}

static int take_section(void *arg, const char *section, unsigned line, struct gad_diag *d)
{
    struct loading *l = arg;
    (void)line;

    if (strncmp(section, model_prefix, MODEL_PREFIX_LEN) == 0) {
        const char *name = section + MODEL_PREFIX_LEN;
        int r = check_model_name(name, d);
        if (r != 0)
            return r;
        return model_named(l->c, name)
                   ? 0
                   : gad_fail(d, GAD_ELIMIT, "no room for model '%s', there may be %d", name,
                              CONFIG_MODELS_MAX);
    }
    for (size_t i = 0; i < config_n_keys; i++)
        if (!is_model_key(&config_keys[i]) && strcmp(config_keys[i].section, section) == 0)
            return 0;
    return unknown_section(section, d);
}

/* Index of a section's key in the table, or an error that names the nearest. */
static int find_key(const char *section, const char *shown, const char *key, struct gad_diag *d)
{
    const char *names[CONFIG_KEYS_MAX];
    size_t n = 0;

    for (size_t i = 0; i < config_n_keys; i++) {
        if (strcmp(config_keys[i].section, section) != 0)
            continue;
        if (strcmp(config_keys[i].name, key) == 0)
            return (int)i;
        names[n++] = config_keys[i].name;
    }
    int at = gad_text_nearest(key, names, n);
    if (at < 0)
        return gad_fail(d, GAD_EUNKNOWN, "key '%s': not known in [%s]", key, shown);
    return gad_fail(d, GAD_EUNKNOWN, "key '%s': not known in [%s]; did you mean '%s'?", key, shown,
                    names[at]);
}

static int take_key(void *arg, const char *section, const char *key, const char *value,
                    unsigned line, struct gad_diag *d)
{
    struct loading *l = arg;
    bool of_model = strncmp(section, model_prefix, MODEL_PREFIX_LEN) == 0;
    struct config_model *m = of_model ? model_named(l->c, section + MODEL_PREFIX_LEN) : NULL;
    int i = find_key(of_model ? "model" : section, section, key, d);

    if (i < 0)
        return i;
    struct config_value *v = of_model ? &m->value[i] : &l->c->value[i];
    if (v->file && strcmp(v->file, l->file) == 0)
        return gad_fail(d, GAD_EINVAL, "key '%s': already given in line %u", key, v->line);

    gad_cleanup(gad_freep) char *text = gad_strndup(value, strlen(value));
    gad_cleanup(gad_freep) char *file = gad_strndup(l->file, strlen(l->file));
    if (!text || !file)
        return gad_fail(d, GAD_ENOMEM, "key '%s': no memory", key);
    char *base = of_model ? (char *)m : (char *)l->c;
    int r = config_value_set(&config_keys[i], text, base + config_keys[i].at, d);
    if (r != 0) {
        gad_diag_prefix(d, "key '%s'", key);
        return r;
    }
    gad_free(v->text);
    gad_free(v->file);
    *v = (struct config_value){gad_steal(&text), gad_steal(&file), line};
    return 0;
}

static int read_text(struct config *c, const char *name, const char *text, size_t len,
                     struct gad_diag *d)
{
    static const struct config_sink sink = {take_section, take_key};
    struct loading l = {c, name};
    return config_read(name, text, len, &sink, &l, d);
}

static int read_file(struct config *c, const char *path, struct gad_diag *d)
{
    gad_cleanup(gad_freep) uint8_t *text = NULL;
    size_t len;
    int r = gad_file_read(path, CONFIG_FILE_MAX, &text, &len, d);
    return r != 0 ? r : read_text(c, path, (const char *)text, len, d);
}

static const struct config_value *model_value(const struct config_model *m, const char *key)
{
    int i = find_key("model", "model", key, NULL);
    gad_assert(i >= 0);
    return &m->value[i];
}

/* What no single key can show. */
static int check_whole(const struct config *c, struct gad_diag *d)
{
    if (c->n_models == 0)
        return gad_fail(d, GAD_EINVAL, "%s: no [model NAME] section: nothing to score with",
                        c->file);
    for (size_t i = 0; i < c->n_models; i++) {
        const struct config_model *m = &c->model[i];
        const struct config_value *budget = model_value(m, "fpr_budget");
        const struct config_value *threshold = model_value(m, "threshold");
        if (!m->checkpoint)
            return gad_fail(d, GAD_EINVAL, "%s: section 'model %s': key 'checkpoint' is missing",
                            c->file, m->name);
        if (budget->file && !isnan(m->threshold) && strcmp(budget->file, threshold->file) == 0)
            return gad_fail(
                d, GAD_EINVAL,
                "%s:%u: key 'threshold': takes the place of fpr_budget, which line %u gives",
                threshold->file, threshold->line, budget->line);
    }
    if (!*c->scoring.unix_path && !*c->scoring.tcp)
        return gad_fail(d, GAD_EINVAL,
                        "%s: [scoring] has neither unix nor tcp: nobody could connect", c->file);
    if (strcmp(c->scoring.unix_path, c->control.unix_path) == 0 && *c->control.unix_path)
        return gad_fail(d, GAD_EINVAL, "%s: [scoring] and [control] have the same unix socket '%s'",
                        c->file, c->control.unix_path);
    return 0;
}

static int config_new(const char *file, struct config **ret)
{
    gad_cleanup(config_freep) struct config *c = gad_calloc(1, sizeof(*c));
    if (!c)
        return GAD_ENOMEM;
    c->file = gad_strndup(file, strlen(file));
    if (!c->file || set_defaults(false, c, &c->value) != 0)
        return GAD_ENOMEM;
    *ret = gad_steal(&c);
    return 0;
}

int config_parse(const char *name, const char *text, size_t len, struct config **ret,
                 struct gad_diag *d)
{
    gad_cleanup(config_freep) struct config *c = NULL;
    int r = config_new(name, &c);

    if (r != 0)
        return gad_fail(d, r, "%s: no memory", name);
    r = read_text(c, name, text, len, d);
    if (r == 0)
        r = check_whole(c, d);
    if (r == 0)
        *ret = gad_steal(&c);
    return r;
}

static int is_drop_in(const struct dirent *e)
{
    size_t len = strlen(e->d_name);
    return e->d_name[0] != '.' && len > 5 && strcmp(e->d_name + len - 5, ".conf") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_drop_ins(struct config *c, struct gad_diag *d)
{
    char path[PATH_MAX];
    struct dirent **entry = NULL;
    int r = 0;

    if ((size_t)snprintf(path, sizeof(path), "%s.d", c->file) >= sizeof(path))
        return gad_fail(d, GAD_ELIMIT, "%s: path too long", c->file);
    int n = scandir(path, &entry, is_drop_in, by_name), err = errno;
    if (n < 0 && err != ENOENT)
        return gad_fail(d, -err, "%s: cannot be listed: %s", path, gad_strerror(-err));
    if (n > CONFIG_DROP_INS_MAX)
        r = gad_fail(d, GAD_ELIMIT, "%s: %d files, the limit is %d", path, n, CONFIG_DROP_INS_MAX);
    for (int i = 0; i < n; i++) {
        if (r == 0 && (size_t)snprintf(path, sizeof(path), "%s.d/%s", c->file, entry[i]->d_name) >=
                          sizeof(path))
            r = gad_fail(d, GAD_ELIMIT, "%s.d: path too long", c->file);
        if (r == 0)
            r = read_file(c, path, d);
        gad_free(entry[i]);
    }
    gad_free(entry);
    return r;
}

int config_load(const char *file, struct config **ret, struct gad_diag *d)
{
    gad_cleanup(config_freep) struct config *c = NULL;
    int r = config_new(file, &c);

    if (r != 0)
        return gad_fail(d, r, "%s: no memory", file);
    r = read_file(c, file, d);
    if (r == 0)
        r = read_drop_ins(c, d);
    if (r == 0)
        r = check_whole(c, d);
    if (r == 0)
        *ret = gad_steal(&c);
    return r;
}

/* One section: "[name]" and a line a key, "key = value ; where from"; @unused is a key that does not count. */
static void dump_section(const char *section, const char *shown, const struct config_value *value,
                         const char *unused, struct gad_buf *out)
{
    gad_buf_printf(out, "[%s]\n", shown);
    for (size_t i = 0; i < config_n_keys; i++) {
        const struct config_key *k = &config_keys[i];
        if (strcmp(k->section, section) != 0)
            continue;
        if (strcmp(k->name, unused) == 0)
            gad_buf_printf(out, "; not used: ");
        if (value[i].file)
            gad_buf_printf(out, "%s = %s ; %s:%u\n", k->name, value[i].text, value[i].file,
                           value[i].line);
        else
            gad_buf_printf(out, "%s = %s ; default\n", k->name, k->fallback ? k->fallback : "");
    }
}

void config_dump(const struct config *c, struct gad_buf *out)
{
    for (size_t i = 0; i < config_n_keys; i++) {
        const char *section = config_keys[i].section;
        if (is_model_key(&config_keys[i]) ||
            (i > 0 && strcmp(section, config_keys[i - 1].section) == 0))
            continue;
        dump_section(section, section, c->value, "", out);
    }
    for (size_t m = 0; m < c->n_models; m++) {
        char shown[MODEL_PREFIX_LEN + CONFIG_NAME_MAX + 1];
        (void)snprintf(shown, sizeof(shown), "%s%s", model_prefix, c->model[m].name);
        dump_section("model", shown, c->model[m].value,
                     isnan(c->model[m].threshold) ? "" : "fpr_budget", out);
    }
}
