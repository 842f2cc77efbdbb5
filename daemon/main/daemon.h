/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The daemon as a whole: which modules run in the main loop, the order of the start, and the stop.
 *
 *   configuration -> models -> captures, sockets, outputs -> privileges -> threads -> READY=1
 *
 * On SIGTERM and SIGINT it accepts no new clients, requests or packets. It then scores and answers
 * what it had accepted, scores open connections in their current state, and writes the alerts, all
 * within stop_timeout. The exit code is 0. On SIGHUP it reopens its files and reloads.
 */

#include <stdbool.h>

#include "lib/base/err.h"

struct config;
struct gad_diag;
struct models;

/**
 * daemon_run() - runs until a signal stops it
 * @once: or until all captures have been read, with a summary on the standard error
 *
 * Returns 0, or why the start failed; with @once also a negative error if a capture could not be
 * read to its end.
 */
int daemon_run(const struct config *c, struct models *m, bool once,
               struct gad_diag *d) GAD_MUST_CHECK;
