/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config/diff.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "daemon/config/config.h"
#include "daemon/config/keys.h"
#include "daemon/config/section.h"

struct differ {
    enum config_when when;
    config_difference_fn *fn;
    void *arg;
};

static bool is_one(const char *name, const char *const *list)
{
    while (*list && strcmp(name, *list) != 0)
        list++;
    return *list != NULL;
}

enum config_when config_key_when(const struct config_key *k)
{
    static const char *const ganadd[] = {"log_level", "stop_timeout", NULL};
    static const char *const alerts[] = {"rollup",    "idle",  "rollup_keys", "rate",
                                         "heartbeat", "stats", NULL};
    static const char *const budget[] = {"after", "least", "adapt", "step", "most", NULL};
    static const char *const host[] = {"budget", "after", "least_hosts", "least_records", NULL};
    bool is_live = strcmp(k->section, "model") == 0 || strcmp(k->section, "client") == 0 ||
                   strcmp(k->section, "trust") == 0 || strcmp(k->section, "drift") == 0 ||
                   (strcmp(k->section, "ganadd") == 0 && is_one(k->name, ganadd)) ||
                   (strcmp(k->section, "alerts") == 0 && is_one(k->name, alerts)) ||
                   (strcmp(k->section, "budget") == 0 && is_one(k->name, budget)) ||
                   (strcmp(k->section, "host") == 0 && is_one(k->name, host));

    return is_live ? CONFIG_AT_ONCE : CONFIG_AT_RESTART;
}

/* Returns NULL if the section does not exist. */
static const char *text_of(const struct config_value *value, size_t i)
{
    if (!value)
        return NULL;
    return value[i].file ? value[i].text : config_keys[i].fallback ? config_keys[i].fallback : "";
}

/* The keys of one section, shown as @shown. */
static void diff_section(const struct differ *d, const char *section, const char *shown,
                         const struct config_value *a, const struct config_value *b)
{
    for (size_t i = 0; i < config_n_keys; i++) {
        const struct config_key *k = &config_keys[i];
        if (strcmp(k->section, section) != 0 || config_key_when(k) != d->when)
            continue;
        const char *was = text_of(a, i), *is = text_of(b, i);
        const struct config_value *from = b ? &b[i] : &a[i];
        bool differs = was && is ? strcmp(was, is) != 0 : from->file != NULL;
        if (differs)
            d->fn(d->arg, &(struct config_difference){shown, k->name, from->file, from->line});
    }
}

static char *find(const struct config *c, const struct section_kind *k, const char *name)
{
    struct config *all = (struct config *)(uintptr_t)c;

    for (size_t i = 0; i < *section_count(all, k); i++)
        if (strcmp(section_at(all, k, i), name) == 0)
            return section_at(all, k, i);
    return NULL;
}

/*
 * Compares sections of @a with those of @b of the same name; @only: lists sections that @b lacks.
 */
static void diff_named(const struct differ *d, const struct section_kind *k, const struct config *a,
                       const struct config *b, bool only)
{
    struct config *all = (struct config *)(uintptr_t)a;
    char shown[16 + CONFIG_NAME_MAX + 1];

    for (size_t i = 0; i < *section_count(all, k); i++) {
        char *one = section_at(all, k, i), *other = find(b, k, one);
        if ((only && other) || (!other && strcmp(k->section, "model") == 0))
            continue;
        (void)snprintf(shown, sizeof(shown), "%s %s", k->section, one);
        diff_section(d, k->section, shown, *section_values(k, one),
                     other ? *section_values(k, other) : NULL);
    }
}

void config_diff(const struct config *a, const struct config *b, enum config_when at,
                 config_difference_fn *fn, void *arg)
{
    const struct differ d = {at, fn, arg};

    for (size_t i = 0; i < config_n_keys; i++) {
        const char *section = config_keys[i].section;
        if (!section_is_named(section) &&
            (i == 0 || strcmp(section, config_keys[i - 1].section) != 0))
            diff_section(&d, section, section, a->value, b->value);
    }
    for (size_t i = 0; i < N_SECTION_KINDS; i++) {
        diff_named(&d, &section_kinds[i], a, b, false);
        diff_named(&d, &section_kinds[i], b, a, true);
    }
}
