/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of the table share. */

#include "lib/flow/clock.h"
#include "lib/flow/flow.h"
#include "lib/flow/ftp.h"
#include "lib/flow/index.h"
#include "lib/flow/stream.h"
#include "lib/flow/table.h"
#include "lib/flow/wheel.h"

struct gad_flow_table {
    struct gad_flow_options options;
    struct gad_flow_secret secret;
    struct gad_clock clock;
    int64_t decided; /* the latest of all that left */
    void *memory;
    struct gad_flow *flows; /* 1 .. max_flows, in memory, on a cache line */
    uint32_t n_touched;     /* flows 1 .. n_touched have been in use */
    uint32_t free;          /* first of the free ones among them, linked by next */
    uint64_t last_id;
    struct gad_flow_index index;
    struct gad_wheel wheel;
    struct gad_stream_memory streams;
    struct gad_ftp_sessions ftp;
    struct gad_flow_counters n;
};

/* Where finished connections go. */
struct gad_flow_sink {
    gad_conn_fn *fn;
    void *arg;
};

/* Hands a flow out as a connection and forgets it; it must be off the wheel. @decided: raised to what left before. */
void gad_flow_end(struct gad_flow_table *t, uint32_t flow, int64_t decided, bool evicted,
                  struct gad_flow_sink to);

/* Ends whatever is due at the table's time. */
void gad_flow_expire(struct gad_flow_table *t, struct gad_flow_sink to);

/* One ICMP message, a connection of its own. */
void gad_flow_icmp(struct gad_flow_table *t, const struct gad_packet *p, struct gad_flow_sink to);
