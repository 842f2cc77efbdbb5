/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Checks for ganadd -t: what would make a start with this configuration fail, as far as that can be
 * found without changing anything. A condition that can be intended, such as an interface that is
 * still missing, is a warning in the log.
 *
 * A socket or spool that another process uses is no error: that process can be the ganadd that will
 * be replaced.
 */

#include "lib/base/err.h"

struct config;
struct gad_diag;

/* Returns 0, or an error with the reason and the place in @d. */
int start_check(const struct config *c, struct gad_diag *d) GAD_MUST_CHECK;

/* Messages of a start: every client can reach [scoring] tcp; there is no capture, the state right
 * after the package was installed. */
void start_warn_open_tcp(const struct config *c);
void start_log_no_capture(const struct config *c);
