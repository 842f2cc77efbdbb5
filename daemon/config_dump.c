/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "daemon/config.h"
#include "daemon/config_keys.h"
#include "daemon/config_section.h"
#include "lib/base/buf.h"

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

static void dump_named(const char *section, const char *name, const struct config_value *value,
                       const char *unused, struct gad_buf *out)
{
    char shown[16 + CONFIG_NAME_MAX + 1];

    (void)snprintf(shown, sizeof(shown), "%s %s", section, name);
    dump_section(section, shown, value, unused, out);
}

void config_dump(const struct config *c, struct gad_buf *out)
{
    for (size_t i = 0; i < config_n_keys; i++) {
        const char *section = config_keys[i].section;
        if (!section_is_named(section) &&
            (i == 0 || strcmp(section, config_keys[i - 1].section) != 0))
            dump_section(section, section, c->value, "", out);
    }
    for (size_t i = 0; i < c->n_captures; i++)
        dump_named("capture", c->capture[i].name, c->capture[i].value, "", out);
    for (size_t i = 0; i < c->n_outputs; i++)
        dump_named("output", c->output[i].name, c->output[i].value, "", out);
    for (size_t i = 0; i < c->n_models; i++)
        dump_named("model", c->model[i].name, c->model[i].value,
                   isnan(c->model[i].threshold) ? "" : "fpr_budget", out);
}
