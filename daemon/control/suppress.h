/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The control socket's commands about suppressed records. Thread: main. */

#include <stdbool.h>

#include "lib/base/err.h"
#include "proto/ganad.pb-c.h"

struct gad_buf;
struct suppressor;

/* Is it one of them? */
bool control_suppress_is(const Ganad__V1__ControlRequest *m);

/* The answer at the end of @out: a SuppressReply, or why it is refused. GAD_ENOMEM: none. */
int control_suppress(struct suppressor *s, const Ganad__V1__ControlRequest *m,
                     struct gad_buf *out) GAD_MUST_CHECK;
