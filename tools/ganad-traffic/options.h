/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The options of the command line, checked when they are read. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct gad_diag;

enum { OPTIONS_KINDS = 64, OPTIONS_ATTACKS = 64 };

struct options_attack {
    size_t number; /* in attacks[] */
    uint32_t count;
};

struct options {
    const char *pcap, *truth;                 /* "-": standard output; truth can be NULL */
    uint64_t seed, sessions, seconds, gap_ns; /* seconds 0: no limit */
    int64_t start_us;
    uint32_t kind_cum[OPTIONS_KINDS]; /* cumulative weights of kinds[] */
    struct options_attack attack[OPTIONS_ATTACKS];
    size_t n_attacks;
    bool progress, quiet;
};

enum options_wish { OPTIONS_RUN, OPTIONS_HELP, OPTIONS_VERSION, OPTIONS_LIST };

/* Returns 0, or GAD_EINVAL with @d saying why; @d is empty if getopt() printed it. */
int options_read(struct options *o, int argc, char **argv, enum options_wish *ret,
                 struct gad_diag *d) GAD_MUST_CHECK;

extern const char options_help[];
