/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* All counters of a capture: those of its decoder, of its flow table, and of reading packets. */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/counters.h"
#include "lib/flow/table.h"
#include "lib/net/decode.h"

struct capture_counts {
    struct gad_net_stats net;
    struct gad_flow_counters flow;
    uint64_t kernel_dropped, interface_dropped; /* frames */
    uint64_t lost;                              /* connections, for want of a batch */
};

enum {
    CAPTURE_OWN_COUNTERS = 3,
    CAPTURE_COUNTERS = CAPTURE_OWN_COUNTERS + GAD_FLOW_COUNTERS + GAD_NET_COUNTERS
};

/* Name, help and kind of the i-th counter; i < CAPTURE_COUNTERS. */
const struct gad_counter_item *capture_counter(size_t i);
uint64_t capture_count(const struct capture_counts *c, size_t i);

/* Replaces the part @was of the sum by @is. */
void capture_counts_move(struct capture_counts *sum, const struct capture_counts *was,
                         const struct capture_counts *is);
