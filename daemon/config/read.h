/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * INI text to sections and keys, with the line numbers and limits that libinih does not give: a line, a
 * section or a name that it would cut or continue is an error here.
 */

#include <stddef.h>

#include "lib/base/err.h"

struct gad_diag;

/* Each returns 0, or a negative code with the reason in @d (without file and line), which ends the reading. */
struct config_sink {
    int (*section)(void *arg, const char *section, unsigned line, struct gad_diag *d);
    int (*key)(void *arg, const char *section, const char *key, const char *value, unsigned line,
               struct gad_diag *d);
};

/* @name stands in messages as "NAME:LINE: ". */
int config_read(const char *name, const char *text, size_t len, const struct config_sink *sink,
                void *arg, struct gad_diag *d) GAD_MUST_CHECK;
