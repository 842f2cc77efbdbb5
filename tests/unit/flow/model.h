/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The flow table again, written to be compared with: a list of flows that is searched from its
 * beginning, deadlines looked at for every flow at every packet, sequence numbers without a
 * modulus. No cap, no inspection, no VLAN.
 */

#include <stddef.h>

#include "lib/flow/table.h"

struct model;

struct model *model_new(const struct gad_flow_timeouts *timeouts);
void model_free(struct model *m);
void model_packet(struct model *m, const struct gad_packet *p, gad_conn_fn *fn, void *arg);
void model_flush(struct model *m, gad_conn_fn *fn, void *arg);
