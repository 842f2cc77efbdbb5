/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Rules for the moment at which a flow is decided, besides the timers of TCP. */

#include <stdbool.h>

#include "lib/flow/flow.h"

/* Whether a UDP flow is an exchange of DNS or NTP with an answer for each request. Others, such as
 * a stream, a tunnel or a poll, have pauses that are not their end. */
bool gad_flow_is_answered(const struct gad_flow *f);

/*
 * Whether the flow is an open TCP connection: neither side has ended it, and after an answer the
 * originator has sent more than its first packet. So a half-open flood or scan, whose originators
 * ignore the answers, and single packets without an answer are not.
 *
 * The end of the input cuts an open connection. All other flows end as they would without further
 * packets.
 */
bool gad_flow_is_open(const struct gad_flow *f);
