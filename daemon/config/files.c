/* SPDX-License-Identifier: Apache-2.0 */
/* What -r makes of a configuration. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/config/config.h"
#include "daemon/config/keys.h"
#include "daemon/config/section.h"
#include "lib/base/diag.h"

/*
 * The section whose settings the files are read with: the only one that names a source or, if none does, the only
 * one. Of several nobody could say which is meant. Its values are taken out; NULL: none.
 */
static struct config_value *take_settings(struct config *c)
{
    size_t n_used = config_n_captures_used(c);

    for (size_t i = 0; i < c->n_captures; i++)
        if (n_used == 1 ? config_capture_is_used(&c->capture[i]) : c->n_captures == 1)
            return gad_steal(&c->capture[i].value);
    return NULL;
}

/* Where from, and what becomes of it there, -r says itself. */
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

/* What was asked for in front of the screen is shown there. */
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
        return gad_fail(d, GAD_ELIMIT, "%zu files, at most %d can be read at a time", n,
                        CONFIG_CAPTURES_MAX);
    struct config_value *settings = take_settings(c);
    int r = replace(c, file, n, settings, d);
    section_values_free(settings);
    if (r != 0)
        return r;
    c->scoring.unix_path = c->scoring.tcp = c->control.unix_path = "";
    return c->n_outputs == 0 ? add_stdout(c, d) : 0;
}
