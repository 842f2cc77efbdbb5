/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The control socket's commands for models. Thread: main. */

#include <stdbool.h>

#include "lib/base/err.h"
#include "proto/ganad.pb-c.h"

struct gad_buf;
struct reload_result;

/* Whether the request is one of them. */
bool control_models_is(const Ganad__V1__ControlRequest *m);

/*
 * Appends the result to @out: a ReloadReply, or an error with the reason. Returns GAD_ENOMEM if
 * nothing was appended.
 */
int control_models_reply(const struct reload_result *r, struct gad_buf *out) GAD_MUST_CHECK;
