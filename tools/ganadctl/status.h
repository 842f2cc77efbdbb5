/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* ganadctl status: what the daemon says of itself. */

#include <stddef.h>

#include "lib/base/err.h"

struct ctl;
struct gad_diag;

/* The version of the ganadd that serves the control socket. */
int status_version(const struct ctl *ctl, char *text, size_t len,
                   struct gad_diag *d) GAD_MUST_CHECK;
