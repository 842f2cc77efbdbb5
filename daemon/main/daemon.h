/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The daemon as a whole: what runs in the main loop, in what order it is made and how it ends.
 *
 *   configuration -> models -> captures, sockets and outputs -> privileges -> threads -> READY=1 -> events
 *
 * SIGTERM, SIGINT: no new clients, no new requests, no more packets; what was accepted is scored and answered,
 * connections that are not over are scored as they are, alerts are written, both within stop_timeout; then 0. SIGHUP: the alert file is opened anew.
 */

#include <stdbool.h>

#include "lib/base/err.h"

struct config;
struct gad_diag;
struct models;

/**
 * daemon_run() - until it is told to stop
 * @once: or until all captures have come to their end, with a word on stderr about them
 * Return: 0, or why it could not start; once: a negative error too if a capture could not be read to its end.
 */
int daemon_run(const struct config *c, struct models *m, bool once,
               struct gad_diag *d) GAD_MUST_CHECK;
