/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How many files and sockets ganadd may have open, and what to do when they are too few. Thread: main. */

#include "lib/base/err.h"

struct config;
struct gad_diag;

#define DESCRIPTORS_ADVICE "raise LimitNOFILE= of the unit, or 'ulimit -n'"

/*
 * Raises the limit as far as we may, and warns if it does not suffice for max_clients. Return: 0; -EMFILE if the start would
 * fail for want of descriptors, somewhere and in other words.
 */
int descriptors_raise(const struct config *c, struct gad_diag *d) GAD_MUST_CHECK;
