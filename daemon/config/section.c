/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config/section.h"

#include <stdio.h>
#include <string.h>

#include "daemon/config/config.h"
#include "daemon/config/keys.h"
#include "lib/base/diag.h"

const struct section_kind section_kinds[N_SECTION_KINDS] = {
    {"model", CONFIG_MODELS_MAX, sizeof(struct config_model), offsetof(struct config, n_models),
     offsetof(struct config, model), offsetof(struct config_model, value)},
    {"capture", CONFIG_CAPTURES_MAX, sizeof(struct config_capture),
     offsetof(struct config, n_captures), offsetof(struct config, capture),
     offsetof(struct config_capture, value)},
    {"output", CONFIG_OUTPUTS_MAX, sizeof(struct config_output), offsetof(struct config, n_outputs),
     offsetof(struct config, output), offsetof(struct config_output, value)},
    {"client", CONFIG_CLIENTS_MAX, sizeof(struct config_client), offsetof(struct config, n_clients),
     offsetof(struct config, client), offsetof(struct config_client, value)},
};

_Static_assert(offsetof(struct config_model, name) == 0 &&
                   offsetof(struct config_capture, name) == 0 &&
                   offsetof(struct config_output, name) == 0 &&
                   offsetof(struct config_client, name) == 0,
               "the name comes first");

const struct section_kind *section_kind(const char *section, const char **ret_name)
{
    for (size_t i = 0; i < N_SECTION_KINDS; i++) {
        size_t len = strlen(section_kinds[i].section);
        if (strncmp(section, section_kinds[i].section, len) == 0 && section[len] == ' ') {
            *ret_name = section + len + 1;
            return &section_kinds[i];
        }
    }
    return NULL;
}

bool section_is_named(const char *section)
{
    for (size_t i = 0; i < N_SECTION_KINDS; i++)
        if (strcmp(section_kinds[i].section, section) == 0)
            return true;
    return false;
}

size_t *section_count(struct config *c, const struct section_kind *k)
{
    return (size_t *)(void *)((char *)c + k->n_at);
}

char *section_at(struct config *c, const struct section_kind *k, size_t i)
{
    return (char *)c + k->at + i * k->size;
}

struct config_value **section_values(const struct section_kind *k, char *base)
{
    return (struct config_value **)(void *)(base + k->value_at);
}

void section_values_free(struct config_value *v)
{
    for (size_t i = 0; v && i < config_n_keys; i++) {
        gad_free(v[i].text);
        gad_free(v[i].file);
    }
    gad_free(v);
}

int section_defaults(const struct section_kind *of, void *base, struct config_value **ret)
{
    *ret = gad_calloc(config_n_keys, sizeof(**ret));
    if (!*ret)
        return GAD_ENOMEM;
    for (size_t i = 0; i < config_n_keys; i++) {
        const struct config_key *k = &config_keys[i];
        bool fits = of ? strcmp(k->section, of->section) == 0 : !section_is_named(k->section);
        if (!fits || !k->fallback)
            continue;
        int r = config_value_set(k, k->fallback, (char *)base + k->at, NULL);
        gad_assert(r == 0); /* defaults are valid: a unit test sets each */
    }
    return 0;
}

char *section_get(struct config *c, const struct section_kind *k, const char *name)
{
    size_t n = *section_count(c, k);

    for (size_t i = 0; i < n; i++)
        if (strcmp(section_at(c, k, i), name) == 0)
            return section_at(c, k, i);
    if (n == k->max)
        return NULL;
    char *base = section_at(c, k, n);
    if (section_defaults(k, base, section_values(k, base)) != 0)
        return NULL;
    (void)snprintf(base, CONFIG_NAME_MAX + 1, "%s", name);
    ++*section_count(c, k);
    return base;
}

int section_put(struct config_value *value, size_t i, void *base, const char *text,
                const char *file, unsigned line, struct gad_diag *d)
{
    const struct config_key *k = &config_keys[i];
    gad_cleanup(gad_freep) char *own_text = gad_strndup(text, strlen(text));
    gad_cleanup(gad_freep) char *own_file = gad_strndup(file, strlen(file));

    if (!own_text || !own_file)
        return gad_fail(d, GAD_ENOMEM, "key '%s': no memory", k->name);
    int r = config_value_set(k, own_text, (char *)base + k->at, d);
    if (r != 0) {
        gad_diag_prefix(d, "key '%s'", k->name);
        return r;
    }
    gad_free(value[i].text);
    gad_free(value[i].file);
    value[i] = (struct config_value){gad_steal(&own_text), gad_steal(&own_file), line};
    return 0;
}
