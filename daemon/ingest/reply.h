/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Answers of proto/ganad.proto, as frames appended to a buffer. */

#include <stdint.h>

#include "lib/base/err.h"

struct arena;
struct gad_buf;
struct job;

/*
 * Appends the answer to a finished job: a ScoreReply, or the ErrorReply that it carries. Returns
 * GAD_ENOMEM if nothing was appended.
 */
int reply_job(const struct job *j, struct arena *scratch, struct gad_buf *out) GAD_MUST_CHECK;

/* @code: ErrorReply.Code; @text: printable ASCII */
int reply_error(uint64_t id, int code, const char *text, struct gad_buf *out) GAD_MUST_CHECK;
