/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* EVIDENCE_LIST and EVIDENCE_READ. Thread: main. */

#include <stdbool.h>

#include "lib/base/err.h"
#include "proto/ganad.pb-c.h"

struct evidence;
struct gad_buf;

bool control_evidence_is(const Ganad__V1__ControlRequest *m);

/* Appends the answer to @out, which can be an ErrorReply. @e: or NULL. */
int control_evidence(const struct evidence *e, const Ganad__V1__ControlRequest *m,
                     struct gad_buf *out) GAD_MUST_CHECK;
