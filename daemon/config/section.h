/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Sections of a configuration, and those of which there may be several. Inside of config.h. */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

struct config;
struct config_value;
struct gad_diag;

/* Sections of which there may be several, each with a name: [model NAME]. Their structs begin with the name. */
struct section_kind {
    const char *section;
    size_t max, size;
    size_t n_at, at; /* in struct config: how many, and the first */
    size_t value_at; /* in the section's struct */
};

enum { N_SECTION_KINDS = 3 };
extern const struct section_kind section_kinds[N_SECTION_KINDS];

/* The kind of which @section is one, with *ret_name behind the blank; or NULL. */
const struct section_kind *section_kind(const char *section, const char **ret_name);

/* Is it the name of a kind? */
bool section_is_named(const char *section);

size_t *section_count(struct config *c, const struct section_kind *k);
char *section_at(struct config *c, const struct section_kind *k, size_t i);

/* The section of that name, made if it is new; NULL if there is no memory or no more room. */
char *section_get(struct config *c, const struct section_kind *k, const char *name);

struct config_value **section_values(const struct section_kind *k, char *base);
void section_values_free(struct config_value *v);

/* Values of the table's keys at @base: those of a kind, or (NULL) those of sections that there is one of. */
int section_defaults(const struct section_kind *of, void *base,
                     struct config_value **ret) GAD_MUST_CHECK;

/* A value for key @i of the table, as written in a file's line, into a section at @base with the values @value. */
int section_put(struct config_value *value, size_t i, void *base, const char *text,
                const char *file, unsigned line, struct gad_diag *d) GAD_MUST_CHECK;
