/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The table of configuration keys, and the parser of their values. */

#include <stddef.h>

#include "lib/base/err.h"

struct gad_diag;

enum config_type {
    CONFIG_BOOL,     /* bool */
    CONFIG_COUNT,    /* uint64_t */
    CONFIG_SIZE,     /* uint64_t, bytes */
    CONFIG_DURATION, /* struct gad_time */
    CONFIG_REAL,     /* double; NaN for "" where that is the default */
    CONFIG_MODE,     /* uint32_t, octal */
    CONFIG_CHOICE,   /* const char *, one of choices */
    CONFIG_NAME,     /* const char *, letters, digits, '.', '_', '-' */
    CONFIG_PATH,     /* const char *, absolute */
    CONFIG_SECRET,   /* const char *, absolute, or a credential's name (daemon/credential.h) */
    CONFIG_SOCKET,   /* const char *, absolute, short enough for a unix socket */
    CONFIG_ADDRESS,  /* const char *, host:port */
    CONFIG_TEXT,     /* const char *, printable ASCII */
};

struct config_key {
    const char *section; /* "model" for each [model NAME]; so are capture, output and client */
    const char *name;
    enum config_type type;
    size_t at;            /* offset in struct config, or in the section's struct */
    double min, max;      /* COUNT, SIZE (bytes), DURATION (s), REAL, MODE */
    const char *fallback; /* the default as text; NULL: the key is mandatory */
    const char *choices;  /* CHOICE: "a|b|c" */
    const char *help;     /* one line */
};

extern const struct config_key config_keys[];
extern const size_t config_n_keys;

/* The largest table of names that is passed to gad_text_nearest(). */
enum { CONFIG_KEYS_MAX = 192 };

/**
 * config_value_set() - store the meaning of @text at @field
 * @text: kept by the fields of text types: it must live as long
 * Return: 0, or GAD_EINVAL with the reason in @d.
 */
int config_value_set(const struct config_key *k, const char *text, void *field,
                     struct gad_diag *d) GAD_MUST_CHECK;
