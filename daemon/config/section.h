/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The sections of a configuration, with the kinds that can occur several times. Internal to
 * daemon/config.
 */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

struct config;
struct config_value;
struct gad_diag;

/*
 * A kind of section that can occur several times, each with a name: [model NAME]. Its struct begins
 * with the name.
 */
struct section_kind {
    const char *section;
    size_t max, size;
    size_t n_at, at; /* offsets in struct config: the number of sections, and the first */
    size_t value_at; /* offset in the section's struct */
};

enum { N_SECTION_KINDS = 4 };
extern const struct section_kind section_kinds[N_SECTION_KINDS];

/* The kind of @section, with the name after the blank in *ret_name; NULL if it has no kind. */
const struct section_kind *section_kind(const char *section, const char **ret_name);

/* Whether @section is the name of a kind. */
bool section_is_named(const char *section);

size_t *section_count(struct config *c, const struct section_kind *k);
char *section_at(struct config *c, const struct section_kind *k, size_t i);

/*
 * The section of that name, created if it is new; NULL if memory is short or the limit is reached.
 */
char *section_get(struct config *c, const struct section_kind *k, const char *name);

struct config_value **section_values(const struct section_kind *k, char *base);
void section_values_free(struct config_value *v);

/*
 * Sets the keys at @base to their defaults: the keys of a kind, or (NULL) of all sections that
 * occur once.
 */
int section_defaults(const struct section_kind *of, void *base,
                     struct config_value **ret) GAD_MUST_CHECK;

/*
 * Sets key @i of the table, as written in a file's line, in the section at @base that has the
 * values @value.
 */
int section_put(struct config_value *value, size_t i, void *base, const char *text,
                const char *file, unsigned line, struct gad_diag *d) GAD_MUST_CHECK;
