/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Internal to table.c and inspection.c. */

#include "lib/flow/flow.h"
#include "lib/flow/ftp.h"
#include "lib/flow/index.h"
#include "lib/flow/ports.h"
#include "lib/flow/stream.h"
#include "lib/flow/table.h"
#include "lib/flow/wheel.h"

/*
 * A clock that never goes back, driven by packet times, which can: captures are merged, clocks are
 * set, files are damaged. A packet with an earlier time counts as current. After 64 such packets in
 * a row that are at least a second old, the packets' clock was set back: the table's clock then
 * continues from its current value.
 */
struct gad_clock {
    int64_t now;     /* ns, 0 .. GAD_CLOCK_MAX */
    int64_t skew;    /* added to packet times */
    unsigned n_past; /* packets in a row that are more than a second older than now */
    uint64_t back, reset;
};

#define GAD_CLOCK_MAX (INT64_C(1) << 62) /* the year 2116; deadlines fit above */

struct gad_flow_table {
    struct gad_flow_options options;
    struct gad_flow_secret secret;
    struct gad_clock clock;
    int64_t decided; /* the latest `decided` of all emitted connections */
    void *memory;
    struct gad_flow *flows; /* in memory, aligned to a cache line */
    uint32_t n_touched;     /* flows 1 .. n_touched have been in use */
    uint32_t free;          /* first of the free ones among them, linked by next */
    uint64_t last_id;
    struct gad_flow_index index;
    struct gad_wheel wheel;
    struct gad_stream_memory streams;
    struct gad_ftp_sessions ftp;
    struct gad_ports ports; /* copied from the options */
    struct gad_flow_counters n;
};

/* Inspects a TCP packet of a flow, after gad_tcp_packet(). */
void gad_flow_inspect(struct gad_flow_table *t, uint32_t flow, const struct gad_packet *p,
                      bool from_originator);

void gad_flow_look_up_ftp_data(struct gad_flow_table *t, uint32_t flow);

/* Finds out whether a new TCP flow is the data connection of an FTP session of its hosts. Its ports
 * alone exclude that for most flows of a flood. */
static inline void gad_flow_find_ftp_data(struct gad_flow_table *t, uint32_t flow)
{
    enum { PORT_FTP_DATA = 20 };
    const struct gad_flow *f = &t->flows[flow];
    uint16_t a = (uint16_t)f->key.rest, b = (uint16_t)(f->key.rest >> 16);

    if ((f->orig_is_b ? b : a) == PORT_FTP_DATA ||
        t->ftp.n_expected[(f->orig_is_b ? a : b) % GAD_FTP_PORT_COUNTS] > 0)
        gad_flow_look_up_ftp_data(t, flow);
}

/* Ends the inspection of a flow and frees it. Stores the content features, unless there was no
 * connection. */
void gad_flow_inspect_end(struct gad_flow_table *t, uint32_t flow, bool was_connection,
                          struct gad_content *ret);
