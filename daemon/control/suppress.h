/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The control socket's commands for suppression rules. Thread: main. */

#include <stdbool.h>

#include "lib/base/err.h"
#include "proto/ganad.pb-c.h"

struct gad_buf;
struct suppressor;

/* Whether the request is one of them. */
bool control_suppress_is(const Ganad__V1__ControlRequest *m);

/*
 * Appends the answer to @out: a SuppressReply, or an error with the reason. Returns GAD_ENOMEM if
 * nothing was appended.
 */
int control_suppress(struct suppressor *s, const Ganad__V1__ControlRequest *m,
                     struct gad_buf *out) GAD_MUST_CHECK;
