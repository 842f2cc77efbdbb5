/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config/config.h"

#include <dirent.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config/check.h"
#include "daemon/config/keys.h"
#include "daemon/config/read.h"
#include "daemon/config/section.h"
#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

/* One file on its way into the configuration. */
struct loading {
    struct config *c;
    const char *file;
};

void config_free(struct config *c)
{
    if (!c)
        return;
    for (size_t k = 0; k < N_SECTION_KINDS; k++)
        for (size_t i = 0; i < *section_count(c, &section_kinds[k]); i++)
            section_values_free(
                *section_values(&section_kinds[k], section_at(c, &section_kinds[k], i)));
    section_values_free(c->value);
    gad_free(c->file);
    gad_free(c);
}

static int unknown_section(const char *section, struct gad_diag *d)
{
    const char *names[CONFIG_KEYS_MAX];
    size_t n = 0;

    for (size_t i = 0; i < config_n_keys; i++)
        if (i == 0 || strcmp(config_keys[i].section, config_keys[i - 1].section) != 0)
            names[n++] = config_keys[i].section;
    int at = gad_text_nearest(section, names, n);
    if (section_is_named(section))
        return gad_fail(d, GAD_EUNKNOWN, "section '%s': needs a name, as in [%s NAME]", section,
                        section);
    if (at < 0)
        return gad_fail(d, GAD_EUNKNOWN, "section '%s': not known", section);
    return gad_fail(d, GAD_EUNKNOWN, "section '%s': not known; did you mean '%s'?", section,
                    names[at]);
}

static int check_name(const struct section_kind *of, const char *name, struct gad_diag *d)
{
    const struct config_key k = {.type = CONFIG_NAME};
    const char *ignored;

    if (strlen(name) > CONFIG_NAME_MAX)
        return gad_fail(d, GAD_EINVAL, "the name of a %s is over %d bytes", of->section,
                        CONFIG_NAME_MAX);
    int r = config_value_set(&k, name, &ignored, d);
    if (r != 0)
        gad_diag_prefix(d, "section '%s %s'", of->section, name);
    return r;
}

static int take_section(void *arg, const char *section, unsigned line, struct gad_diag *d)
{
    struct loading *l = arg;
    const char *name = NULL;
    const struct section_kind *k = section_kind(section, &name);
    (void)line;

    if (k) {
        int r = check_name(k, name, d);
        if (r != 0)
            return r;
        return section_get(l->c, k, name)
                   ? 0
                   : gad_fail(d, GAD_ELIMIT, "no room for %s '%s', there may be %zu", k->section,
                              name, k->max);
    }
    for (size_t i = 0; i < config_n_keys; i++)
        if (!section_is_named(config_keys[i].section) &&
            strcmp(config_keys[i].section, section) == 0)
            return 0;
    return unknown_section(section, d);
}

/* Names the key that is nearest, or, where none is near, all of the section's. */
static int unknown_key(const char *key, const char *shown, const char *const *names, size_t n,
                       struct gad_diag *d)
{
    int at = gad_text_nearest(key, names, n);
    char all[192];
    size_t len = 0;

    if (at >= 0)
        return gad_fail(d, GAD_EUNKNOWN, "key '%s': not known in [%s]; did you mean '%s'?", key,
                        shown, names[at]);
    for (size_t i = 0; i < n; i++) {
        int r = snprintf(all + len, sizeof(all) - len, "%s%s", i > 0 ? ", " : "", names[i]);
        if (r < 0 || (size_t)r >= sizeof(all) - len)
            return gad_fail(d, GAD_EUNKNOWN, "key '%s': not known in [%s]; see ganadd.conf(5)", key,
                            shown);
        len += (size_t)r;
    }
    return gad_fail(d, GAD_EUNKNOWN, "key '%s': not known in [%s], which has %s", key, shown, all);
}

/* Index of a section's key in the table, or an error. */
static int find_key(const char *section, const char *shown, const char *key, struct gad_diag *d)
{
    const char *names[CONFIG_KEYS_MAX] = {NULL};
    size_t n = 0;

    for (size_t i = 0; i < config_n_keys; i++) {
        if (strcmp(config_keys[i].section, section) != 0)
            continue;
        if (strcmp(config_keys[i].name, key) == 0)
            return (int)i;
        names[n++] = config_keys[i].name;
    }
    return unknown_key(key, shown, names, n, d);
}

static int take_key(void *arg, const char *section, const char *key, const char *value,
                    unsigned line, struct gad_diag *d)
{
    struct loading *l = arg;
    const char *name = NULL;
    const struct section_kind *k = section_kind(section, &name);
    char *base = k ? section_get(l->c, k, name) : (char *)l->c; /* take_section() made it */
    int i = find_key(k ? k->section : section, section, key, d);

    if (i < 0)
        return i;
    struct config_value *v = k ? &(*section_values(k, base))[i] : &l->c->value[i];
    if (v->file && strcmp(v->file, l->file) == 0)
        return gad_fail(d, GAD_EINVAL, "key '%s': already given in line %u", key, v->line);

    return section_put(k ? *section_values(k, base) : l->c->value, (size_t)i, base, value, l->file,
                       line, d);
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

static int config_new(const char *file, struct config **ret)
{
    gad_cleanup(config_freep) struct config *c = gad_calloc(1, sizeof(*c));
    if (!c)
        return GAD_ENOMEM;
    c->file = gad_strndup(file, strlen(file));
    if (!c->file || section_defaults(NULL, c, &c->value) != 0)
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
        r = config_check(c, d);
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
        r = config_check(c, d);
    if (r == 0)
        *ret = gad_steal(&c);
    return r;
}
