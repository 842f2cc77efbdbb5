/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What two configurations disagree about: what a running daemon takes over, and what needs a restart. */

struct config;
struct config_key;

struct config_difference {
    const char *section; /* "output x" */
    const char *key;
    const char *file; /* where the second one says it; NULL: it does not, and the default holds */
    unsigned line;
};

typedef void config_difference_fn(void *arg, const struct config_difference *c);

enum config_when { CONFIG_AT_ONCE, CONFIG_AT_RESTART };

enum config_when config_key_when(const struct config_key *k);

/* Sections that only one of them has are told key by key; models that only one has are not. */
void config_diff(const struct config *a, const struct config *b, enum config_when when,
                 config_difference_fn *fn, void *arg);
