/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the service manager is told, and hands over; nothing without systemd. Thread: main. */

#include "lib/base/time.h"

/* @state: as sd_notify(3): "READY=1", "STOPPING=1" */
void notify_state(const char *state);

/* "WATCHDOG=1" must be said once in so long, or we are killed; 0: it need not. */
struct gad_time notify_watchdog(void);

/* The listening unix socket of this path that we were started with, non-blocking and the caller's; -1: none. */
int notify_socket(const char *path);
