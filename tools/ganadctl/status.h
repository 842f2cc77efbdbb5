/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the daemon says of itself. */

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "proto/ganad.pb-c.h"

struct ctl;
struct gad_diag;

/* A command that is answered with a status, which is the caller's to free. *ret_reached: somebody serves the socket. */
int status_ask(const struct ctl *ctl, Ganad__V1__ControlRequest__Command command,
               Ganad__V1__StatusReply **ret, bool *ret_reached, struct gad_diag *d) GAD_MUST_CHECK;

/* STATUS, which is the caller's to free; or an exit code, and why is told. */
int status_get(const struct ctl *ctl, Ganad__V1__StatusReply **ret) GAD_MUST_CHECK;

/* The names of all models for a message: "'a' (in alerts 'egbad'), 'b'", or "none". */
enum { STATUS_MODELS = 2048 };
void status_models(const Ganad__V1__StatusReply *s, char text[static STATUS_MODELS]);

/* The version of the ganadd that serves the control socket. */
int status_version(const struct ctl *ctl, char *text, size_t len,
                   struct gad_diag *d) GAD_MUST_CHECK;
