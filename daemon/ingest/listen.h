/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A listening socket in the event loop. When descriptors run out it pauses for a second instead of
 * spinning. A limited rate bounds what a flood of connections costs.
 */

#include <stdint.h>

#include "lib/base/err.h"

struct event_base;
struct gad_diag;
struct listener;

enum {
    LISTENER_PER_SECOND = 2000,    /* connections accepted in the long run */
    LISTENER_TLS_PER_SECOND = 100, /* the same with TLS: a signature takes up to some ms */
};

/**
 * listener_new() - binds and listens; takes a unix socket that the service manager passed
 * @address: as in lib/wire/socket.h; listener_free() removes a unix socket
 * @mode: permissions of a unix socket
 * @per_second: connections accepted in the long run; a 16th of it at once
 * @accepted: is called with each new descriptor, which is non-blocking and then owned by the callee
 */
int listener_new(struct event_base *base, const char *address, uint32_t mode, unsigned per_second,
                 void (*accepted)(void *arg, int fd), void *arg, struct listener **ret,
                 struct gad_diag *d) GAD_MUST_CHECK;

void listener_free(struct listener *l);
