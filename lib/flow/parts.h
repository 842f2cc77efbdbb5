/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Internal to table.c, opening.c, end.c and inspection.c. */

#include "lib/flow/flow.h"
#include "lib/flow/frames.h"
#include "lib/flow/ftp.h"
#include "lib/flow/icmp.h"
#include "lib/flow/index.h"
#include "lib/flow/linger.h"
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
    struct gad_flow_frames frames;
    uint32_t n_touched; /* flows 1 .. n_touched have been in use */
    uint32_t free;      /* first of the free ones among them, linked by next */
    uint32_t last_id;
    struct gad_flow_index index;
    struct gad_wheel wheel;
    struct gad_stream_memory streams;
    struct gad_ftp_sessions ftp;
    struct gad_linger linger;
    struct gad_ports ports; /* copied from the options */
    struct gad_icmp_asked icmp;
    struct gad_flow_counters n;
    bool is_at_end; /* of the input: open connections are cut */
};

/* Receives the finished connections. */
struct gad_flow_sink {
    gad_conn_fn *fn;
    void *arg;
};

/* Emits a connection that ends now; it is no flow of the table. @decided: raised to what left
 * before. */
void gad_flow_emit(struct gad_flow_table *t, struct gad_conn *c, int64_t decided,
                   struct gad_flow_sink to);

/* Emits what the flow is so far, as a connection of which both sides close now. */
void gad_flow_emit_interim(struct gad_flow_table *t, uint32_t flow, int64_t decided,
                           struct gad_flow_sink to);

/* Emits a flow, which is off the wheel, as a connection, and frees it. */
void gad_flow_end(struct gad_flow_table *t, uint32_t flow, int64_t decided, bool evicted,
                  struct gad_flow_sink to);

static inline uint16_t gad_flow_sum(uint16_t sum, unsigned n)
{
    return (uint16_t)(n < (unsigned)(UINT16_MAX - sum) ? sum + n : UINT16_MAX);
}

/* Returns the part of a flow's key that says where a packet was seen. Any host can send a tunnel,
 * so what is inside must not change a flow that is outside. */
static inline uint64_t gad_flow_where(const struct gad_flow_table *t, const struct gad_packet *p)
{
    return (uint64_t)(t->options.by_vlan ? p->vlan & 0xffffff : 0) << GAD_FLOW_KEY_VLAN |
           (uint64_t)(p->tunnels > 0) << GAD_FLOW_KEY_TUNNEL;
}

/* Counts a packet that belongs to a flow. */
static inline void gad_flow_count(struct gad_flow *f, const struct gad_packet *p,
                                  bool from_originator)
{
    f->end = p->time.ns > f->end ? p->time.ns : f->end;
    f->packets[from_originator ? 0 : 1]++;
    f->wrong_fragment = gad_flow_sum(f->wrong_fragment, p->wrong_fragments);
    f->notes = (uint8_t)(f->notes | (p->is_ambiguous ? GAD_NOTE_AMBIGUOUS : 0));
}

/* Is the sender of a connection's first packet the originator? *ret_guessed: that is a guess.
 * @e: of the same ports, or NULL. */
bool gad_flow_is_from_originator(const struct gad_flow_table *t, const struct gad_packet *p,
                                 bool src_is_b, const struct gad_lingering *e, bool *ret_guessed);

enum gad_flow_syn {
    GAD_FLOW_SYN_BELONGS,  /* to the flow */
    GAD_FLOW_SYN_COUNTED,  /* in the flow, and nothing else happens until it is answered */
    GAD_FLOW_SYN_OPENS,    /* a new flow */
    GAD_FLOW_SYN_ANSWERED, /* the same; the packet answers a SYN that was counted in the old one */
};

/* Judges a packet with SYN on the ports of a flow. */
enum gad_flow_syn gad_flow_place_syn(struct gad_flow_table *t, struct gad_flow *f,
                                     const struct gad_packet *p, bool src_is_b);

/* Inspects a TCP packet of a flow, after gad_tcp_packet(). */
void gad_flow_inspect(struct gad_flow_table *t, uint32_t flow, const struct gad_packet *p,
                      bool from_originator);

/* Stores the content features of a flow so far. */
void gad_flow_inspect_so_far(struct gad_flow_table *t, uint32_t flow, struct gad_content *ret);
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
