/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config/config.h"

#include <dirent.h>
#include <ini.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/config/check.h"
#include "daemon/config/keys.h"
#include "daemon/config/section.h"
#include "lib/base/diag.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

/*
 * Splits INI text into sections and keys, with the line numbers and limits that libinih lacks: a
 * line, section or name that libinih would truncate or continue is an error.
 */

/*
 * Each returns 0, or a negative code with the reason in @d (without file and line), which ends the
 * reading.
 */
struct config_sink {
    int (*section)(void *arg, const char *section, unsigned line, struct gad_diag *d);
    int (*key)(void *arg, const char *section, const char *key, const char *value, unsigned line,
               struct gad_diag *d);
};

enum { SECTION_MAX = 48 }; /* libinih silently truncates a section name at 49 bytes */

struct reading {
    const char *p, *end;
    unsigned line; /* number of the line that libinih got last */
    const struct config_sink *sink;
    void *arg;
    struct gad_diag *d;
    int err; /* the first error, which ends the reading */
};

static void wrong(struct reading *r, const char *why)
{
    r->err = gad_fail(r->d, GAD_EFORMAT, "%s", why);
}

/*
 * [section] with nothing but a comment after it. Reports the section at once: libinih would report
 * it with its first key only.
 */
static int read_section(struct reading *r, const char *s, size_t len)
{
    char section[SECTION_MAX + 1];
    const char *close = memchr(s, ']', len), *end = s + len;

    if (!close)
        return gad_fail(r->d, GAD_EFORMAT, "a section begins with [ but has no ]");
    size_t n = (size_t)(close - s) - 1;
    const char *rest = close + 1;
    while (rest < end && (*rest == ' ' || *rest == '\t'))
        rest++;
    if (rest < end && *rest != ';' && *rest != '#')
        return gad_fail(r->d, GAD_EFORMAT, "text after the ] of a section");
    if (n == 0 || n > SECTION_MAX)
        return gad_fail(r->d, GAD_EFORMAT,
                        n == 0 ? "a section without a name" : "a section's name is over 48 bytes");
    memcpy(section, s + 1, n);
    section[n] = '\0';
    return r->sink->section(r->arg, section, r->line, r->d);
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The end of the text before a comment, which starts at a ; after a blank, as in libinih. */
static const char *comment_at(const char *s, const char *end)
{
    for (; s + 1 < end; s++)
        if (is_blank(s[0]) && s[1] == ';')
            return s;
    return end;
}

/*
 * fgets() for libinih: one line without its indentation, which would continue the value before it,
 * and without comments, which may be longer than libinih's lines.
 */
static char *next_line(char *buf, int size, void *arg)
{
    struct reading *r = arg;

    if (r->err || r->p == r->end)
        return NULL;
    const char *s = r->p, *lf = memchr(s, '\n', (size_t)(r->end - s));
    const char *e = lf ? lf : r->end;
    r->p = lf ? lf + 1 : r->end;
    r->line++;
    while (s < e && is_blank(*s))
        s++;
    e = comment_at(s, e);
    while (e > s && is_blank(e[-1]))
        e--;

    size_t len = (size_t)(e - s);
    if (memchr(s, '\0', len))
        wrong(r, "a NUL byte");
    else if (len > 0 && (*s == ';' || *s == '#'))
        len = 0;
    else if (len + 2 > (size_t)size)
        r->err = gad_fail(r->d, GAD_ELIMIT, "a line of %zu bytes, the limit is %d", len, size - 2);
    else if (len > 0 && *s == '[')
        r->err = read_section(r, s, len);
    else if (len > 0 && !memchr(s, '=', len) && !memchr(s, ':', len))
        wrong(r, "neither [section], key = value nor a comment");
    if (r->err)
        return NULL;
    memcpy(buf, s, len);
    buf[len] = '\n';
    buf[len + 1] = '\0';
    return buf;
}

static int read_key(void *arg, const char *section, const char *key, const char *value)
{
    struct reading *r = arg;

    if (r->err)
        return 0;
    if (*section == '\0')
        r->err = gad_fail(r->d, GAD_EFORMAT, "key '%s': is before the first [section]", key);
    else
        r->err = r->sink->key(r->arg, section, key, value, r->line, r->d);
    return r->err == 0;
}

/* Messages start with "NAME:LINE: ". */
static int read_ini(const char *name, const char *text, size_t len, const struct config_sink *sink,
                    void *arg, struct gad_diag *d)
{
    struct reading r = {.p = text, .end = text + len, .sink = sink, .arg = arg, .d = d, .line = 0};

    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        r.p += 3; /* a byte order mark */
    int parsed = ini_parse_stream(next_line, &r, read_key, &r);
    if (r.err == 0 && parsed != 0) {
        r.line = parsed > 0 ? (unsigned)parsed : r.line;
        wrong(&r, "syntax error");
    }
    if (r.err != 0)
        gad_diag_prefix(d, "%s:%u", name, r.line);
    return r.err;
}

/* A file that is being read into the configuration. */
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
                   : gad_fail(d, GAD_ELIMIT, "%s '%s' is one too many, the limit is %zu",
                              k->section, name, k->max);
    }
    for (size_t i = 0; i < config_n_keys; i++)
        if (!section_is_named(config_keys[i].section) &&
            strcmp(config_keys[i].section, section) == 0)
            return 0;
    return unknown_section(section, d);
}

/* Suggests the nearest key; if none is near, lists all keys of the section. */
static int unknown_key(const char *key, const char *shown, const char *const *names, size_t n,
                       struct gad_diag *d)
{
    int at = gad_text_nearest(key, names, n);
    char all[320];
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

/* Index of a section's key in the table, or a negative error. */
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
    char *base = k ? section_get(l->c, k, name) : (char *)l->c; /* take_section() has made it */
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
    return read_ini(name, text, len, &sink, &l, d);
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

/*
 * Before tunnel_kinds had fewer kinds by default than all but ERSPAN, a section chose tunnels by
 * their depth alone. Such a section keeps its meaning.
 */
static int complete_kinds(struct config_capture *p, struct gad_diag *d)
{
    const struct config_value *depth = config_value_of(p->value, "capture", "tunnels");
    const struct config_value *kinds = config_value_of(p->value, "capture", "tunnel_kinds");

    if (!depth->file || kinds->file)
        return 0;
    return section_put(p->value, (size_t)(kinds - p->value), p,
                       "gre, ipip, vxlan, geneve, gtp, teredo, ayiya, l2tp, tzsp, mpls, etherip",
                       depth->file, depth->line, d);
}

static int complete(struct config *c, struct gad_diag *d)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < c->n_captures; i++)
        r = complete_kinds(&c->capture[i], d);
    return r == 0 ? config_check(c, d) : r;
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
        r = complete(c, d);
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
        return gad_fail(d, -err, "%s: cannot list: %s", path, gad_strerror(-err));
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
        r = complete(c, d);
    if (r == 0)
        *ret = gad_steal(&c);
    return r;
}

/* --- the configuration of -r --- */

/*
 * Takes the values out of the section with whose settings the files are read: the only section that
 * names a source, or, if none does, the only section. With several the choice would be ambiguous.
 * NULL: no such section.
 */
static struct config_value *take_settings(struct config *c)
{
    size_t n_used = config_n_captures_used(c);

    for (size_t i = 0; i < c->n_captures; i++)
        if (n_used == 1 ? config_capture_is_used(&c->capture[i]) : c->n_captures == 1)
            return gad_steal(&c->capture[i].value);
    return NULL;
}

/* The keys that name the source and what happens to its files: -r sets these itself. */
static bool is_of_the_source(const char *key)
{
    static const char *const keys[] = {"interface", "file", "directory", "watch", "delete"};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (strcmp(keys[i], key) == 0)
            return true;
    return false;
}

static int set(struct config_capture *p, const struct config_value *settings, struct gad_diag *d)
{
    int r = 0;

    for (size_t i = 0; settings && r == 0 && i < config_n_keys; i++)
        if (settings[i].text && !is_of_the_source(config_keys[i].name))
            r = section_put(p->value, i, p, settings[i].text, settings[i].file, settings[i].line,
                            d);
    return r;
}

static void set_target(struct config_capture *p, const char *path)
{
    struct stat st;

    if (strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        p->directory = path;
    else
        p->file = path;
    p->watch = false;
}

static int replace(struct config *c, const char *const *file, size_t n,
                   const struct config_value *settings, struct gad_diag *d)
{
    const char *ignored;
    const struct section_kind *k = section_kind("capture x", &ignored);
    char name[CONFIG_NAME_MAX + 1];

    for (size_t i = 0; i < c->n_captures; i++)
        section_values_free(gad_steal(&c->capture[i].value));
    memset(c->capture, 0, sizeof(c->capture));
    c->n_captures = 0;
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(name, sizeof(name), "%zu", i + 1);
        if (!section_get(c, k, name))
            return gad_fail(d, GAD_ENOMEM, "no memory");
        int r = set(&c->capture[i], settings, d);
        if (r != 0)
            return r;
        set_target(&c->capture[i], file[i]);
    }
    return 0;
}

/* Alerts go to the terminal from which -r was started. */
static int add_stdout(struct config *c, struct gad_diag *d)
{
    const char *ignored;

    if (!section_get(c, section_kind("output x", &ignored), "stdout"))
        return gad_fail(d, GAD_ENOMEM, "no memory");
    c->output[0].type = "stdout";
    c->output[0].events = "alert, loss";
    return 0;
}

int config_read_files(struct config *c, const char *const *file, size_t n, struct gad_diag *d)
{
    if (n > CONFIG_CAPTURES_MAX)
        return gad_fail(d, GAD_ELIMIT, "%zu files, the limit is %d", n, CONFIG_CAPTURES_MAX);
    struct config_value *settings = take_settings(c);
    int r = replace(c, file, n, settings, d);
    section_values_free(settings);
    if (r != 0)
        return r;
    c->scoring.unix_path = c->scoring.tcp = c->scoring.tls = c->control.unix_path = "";
    if (strcmp(c->learning.mode, "learn-then-alert") == 0) /* a person waits for the alerts */
        c->learning.mode = "alert-at-once";
    return c->n_outputs == 0 ? add_stdout(c, d) : 0;
}
