/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a flow of the table has to do with inspection: when it begins, what it is given, where its result goes. */

#include "lib/flow/parts.h"

/* A TCP packet that is part of a flow, after gad_tcp_packet(). */
void gad_flow_inspect(struct gad_flow_table *t, uint32_t flow, const struct gad_packet *p,
                      bool from_originator);

/* The flow is over: what was found, unless there never was a connection; and inspection is freed. */
void gad_flow_inspect_end(struct gad_flow_table *t, uint32_t flow, bool was_connection,
                          struct gad_content *ret);
