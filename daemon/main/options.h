/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The command line of ganadd. */

#include <stdbool.h>
#include <stddef.h>

enum { OPTIONS_READ_MAX = 64 };

struct options {
    const char *file; /* -c, or the default */
    bool test;        /* -t: check everything and end */
    bool dump;        /* --dump-config */
    size_t n_read;    /* -r: captures to read instead of serving */
    const char *read[OPTIONS_READ_MAX];
};

enum options_result { OPTIONS_RUN, OPTIONS_DONE, OPTIONS_WRONG };

/* DONE: printed the answer to --help or --version; WRONG: printed the error to stderr. */
enum options_result options_parse(int argc, char **argv, struct options *ret);
