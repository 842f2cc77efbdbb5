/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The daemon as a whole: what runs in the main loop, in what order it is made and how it ends.
 *
 *   configuration -> models -> sockets and outputs -> privileges -> scorer thread -> READY=1 -> events
 *
 * SIGTERM, SIGINT: no new clients, no new requests; what was accepted is scored and answered, alerts are
 * written, both within stop_timeout; then 0. SIGHUP: the alert file is opened anew.
 */

#include "lib/base/err.h"

struct config;
struct gad_diag;
struct models;

/* Runs until it is told to stop. Return: 0, or why it could not start. */
int loop_run(const struct config *c, struct models *m, struct gad_diag *d) GAD_MUST_CHECK;
