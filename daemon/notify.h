/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Notifications to the service manager, and sockets from it; does nothing without systemd. Thread:
 * main.
 */

#include "lib/base/time.h"

/* @state: as in sd_notify(3): "READY=1", "STOPPING=1" */
void notify_state(const char *state);

/*
 * Within this time "WATCHDOG=1" has to be sent, or the manager kills the process; 0: the watchdog
 * is off.
 */
struct gad_time notify_watchdog(void);

/*
 * The listening unix socket of this path that the service manager passed, non-blocking and owned by
 * the caller; -1: there is no such socket.
 */
int notify_socket(const char *path);
