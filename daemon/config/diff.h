/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The differences between two configurations: keys that a running daemon applies, and keys that
 * need a restart.
 */

struct config;
struct config_key;

struct config_difference {
    const char *section; /* "output x" */
    const char *key;
    /* where the second configuration sets it; NULL: it does not, so the default applies */
    const char *file;
    unsigned line;
};

typedef void config_difference_fn(void *arg, const struct config_difference *c);

enum config_when { CONFIG_AT_ONCE, CONFIG_AT_RESTART };

enum config_when config_key_when(const struct config_key *k);

/*
 * Reports sections that only one of them has key by key; does not report models that only one has.
 */
void config_diff(const struct config *a, const struct config *b, enum config_when when,
                 config_difference_fn *fn, void *arg);
