/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The limit of files and sockets that ganadd may have open. Thread: main. */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

struct gad_diag;

#define DESCRIPTORS_ADVICE "raise LimitNOFILE= of the unit, or 'ulimit -n'"

/**
 * descriptors_raise() - raises the soft limit to the hard one, and warns if that is too low for
 * @clients
 * @clients: scoring and control clients that the configuration allows
 * @captures, @outputs: of the configuration
 *
 * Returns 0, or -EMFILE if the start itself would run out of descriptors, which would fail later
 * with a less clear error.
 */
int descriptors_raise(uint64_t clients, size_t captures, size_t outputs,
                      struct gad_diag *d) GAD_MUST_CHECK;
