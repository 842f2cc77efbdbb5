/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The status of ganadd. */

#include "tools/ganadctl/ctl.h"

/* Sends a command that is answered with a status. Returns an exit code, and prints why it failed.
 * The caller frees *ret. */
int status_command(Ganad__V1__ControlRequest__Command command,
                   Ganad__V1__StatusReply **ret) GAD_MUST_CHECK;

/* status_command() with STATUS. */
int status_get(Ganad__V1__StatusReply **ret) GAD_MUST_CHECK;

/* STATUS, without a message. Returns 0 or an error. */
int status_ask(Ganad__V1__StatusReply **ret, struct gad_diag *d) GAD_MUST_CHECK;

/* The version of the ganadd that serves the control socket. Returns 0 or an error. */
int status_version(char *text, size_t len, struct gad_diag *d) GAD_MUST_CHECK;

/* Prints what an operator needs, in at most 24 rows that a terminal does not wrap. */
void status_summary(const Ganad__V1__StatusReply *s);

/* The names of all models for a message: "'a' (in alerts 'egbad'), 'b'", or "none". */
enum { STATUS_MODELS = 2048 };
void status_models(const Ganad__V1__StatusReply *s, char text[static STATUS_MODELS]);
