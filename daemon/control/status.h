/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The answer to STATUS. */

#include "lib/base/err.h"
#include "lib/base/time.h"

struct control_options;
struct gad_buf;

/* Appends a StatusReply frame. @started: monotonic. Returns GAD_ENOMEM if nothing was appended. */
int status_reply(const struct control_options *o, struct gad_time started,
                 struct gad_buf *out) GAD_MUST_CHECK;
