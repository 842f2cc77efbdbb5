/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What would end a start of ganadd with this configuration, as far as that can be seen without a change to anything: for
 * ganadd -t. What an operator may want all the same, such as an interface that is waited for, is a warning in the log.
 *
 * What another process holds, a socket or the spool, is no fault: it may be the ganadd that this one replaces.
 */

#include "lib/base/err.h"

struct config;
struct gad_diag;

/* Return: 0; else @d says what is wrong, and where. */
int start_check(const struct config *c, struct gad_diag *d) GAD_MUST_CHECK;
