/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A listening socket in the loop. When descriptors run out it rests for a second instead of spinning, and
 * connections are taken at a pace that a flood of them cannot exceed.
 */

#include <stdint.h>

#include "lib/base/err.h"

struct event_base;
struct gad_diag;
struct listener;

/**
 * listener_new() - bind and listen; a unix socket that the service manager has made already is taken as it is
 * @address: as lib/wire/socket.h has it; a unix socket is removed again by listener_free()
 * @mode:    permissions of a unix socket
 * @accepted: gets each new descriptor, non-blocking, and owns it
 */
int listener_new(struct event_base *base, const char *address, uint32_t mode,
                 void (*accepted)(void *arg, int fd), void *arg, struct listener **ret,
                 struct gad_diag *d) GAD_MUST_CHECK;

void listener_free(struct listener *l);
