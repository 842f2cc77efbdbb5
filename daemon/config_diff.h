/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What two configurations disagree about, but for models and what else a running daemon takes over. */

struct config;

struct config_difference {
    const char *section; /* "output x" */
    const char *key;
    const char *file; /* where the second one says it; NULL: it does not, and the default holds */
    unsigned line;
};

typedef void config_difference_fn(void *arg, const struct config_difference *c);

/* Sections that only one of them has are told key by key. */
void config_diff(const struct config *a, const struct config *b, config_difference_fn *fn,
                 void *arg);
