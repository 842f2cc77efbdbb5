/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Orders a list of flows, linked by next, 0 at its end, by due, last packet and number. */

#include <stdint.h>

#include "lib/flow/flow.h"

/* Returns the first. In place, stable times: runs that are in order already, as most are, cost one look each. */
uint32_t gad_flow_sort(struct gad_flow *flows, uint32_t list);
