/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the files of the table share. */

#include "lib/flow/flow.h"
#include "lib/flow/ftp.h"
#include "lib/flow/index.h"
#include "lib/flow/stream.h"
#include "lib/flow/table.h"
#include "lib/flow/wheel.h"

/*
 * A clock that never goes back, from the times of packets, which may: captures get merged, clocks set, files
 * damaged. A packet from the past is of the present. If packet after packet is from the past, their clock was set
 * back, and goes on from the present.
 */
struct gad_clock {
    int64_t now;     /* ns, 0 .. GAD_CLOCK_MAX */
    int64_t skew;    /* added to packet times */
    unsigned n_past; /* packets in a row that are older than now by a second */
    uint64_t back, reset;
};

#define GAD_CLOCK_MAX (INT64_C(1) << 62) /* the year 2116; deadlines fit above */

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

/* A TCP packet that is part of a flow, after gad_tcp_packet(). */
void gad_flow_inspect(struct gad_flow_table *t, uint32_t flow, const struct gad_packet *p,
                      bool from_originator);

/* The flow is over: what was found, unless there never was a connection; and inspection is freed. */
void gad_flow_inspect_end(struct gad_flow_table *t, uint32_t flow, bool was_connection,
                          struct gad_content *ret);
