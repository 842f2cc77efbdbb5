/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A run: starts the sources of sessions that the options request, and writes their packets in the
 * order of time. */

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "tools/ganad-traffic/options.h"

struct gad_diag;

struct run_counts {
    uint64_t packets, bytes, connections; /* bytes: of frames */
    uint64_t sessions, n_sessions;        /* started, and to start in all */
    int64_t first, last;                  /* us */
};

/* @stop: a signal sets it; the run then ends with -EINTR and leaves no output. */
int run_traffic(const struct options *opt, const volatile sig_atomic_t *stop,
                struct run_counts *counts, struct gad_diag *d) GAD_MUST_CHECK;
