/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What conn.c (states, timers, writing) and conn_read.c share. */

#include <event2/util.h>

#include "daemon/ingest/conn.h"

/* After a timer that may end sooner than the others has begun. @now: monotonic */
void conn_set_timer(struct conn *c, struct gad_time now);

/* The descriptor is readable. */
void conn_read_event(evutil_socket_t fd, short what, void *conn);
