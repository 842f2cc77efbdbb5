/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The control socket's commands for verdicts on alerts. Thread: main. */

#include <stdbool.h>
#include <sys/types.h>

#include "lib/base/err.h"
#include "proto/ganad.pb-c.h"

struct feed;
struct feedback;
struct gad_buf;

/* Whether the request is one of them. */
bool control_feedback_is(const Ganad__V1__ControlRequest *m);

/*
 * Appends the answer to @out: a FeedbackReply, or an error with the reason. @f may be NULL. @uid:
 * of the client. Returns GAD_ENOMEM if nothing was appended.
 */
int control_feedback(struct feedback *f, const struct feed *feed,
                     const Ganad__V1__ControlRequest *m, uid_t uid,
                     struct gad_buf *out) GAD_MUST_CHECK;
