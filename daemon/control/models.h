/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The control socket's commands about models. Thread: main. */

#include <stdbool.h>

#include "lib/base/err.h"
#include "proto/ganad.pb-c.h"

struct gad_buf;
struct reload_result;

/* Is it one of them? */
bool control_models_is(const Ganad__V1__ControlRequest *m);

/* What has become of it at the end of @out: a ReloadReply, or why it was refused. GAD_ENOMEM: none. */
int control_models_reply(const struct reload_result *r, struct gad_buf *out) GAD_MUST_CHECK;
