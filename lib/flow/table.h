/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Packets in, finished connections out. Connections are defined as in KDD99, and in Bro 1.5.3,
 * which created its basic features:
 *
 * TCP: the sender of the SYN is the originator; without a SYN, the receiver of a SYN+ACK, else the
 * sender of the first packet. States are Bro's (tcp.h). A SYN that does not repeat the first one
 * ends the connection and begins a new one. Bytes come from sequence numbers. REJ, SH, SHR, RSTOS0,
 * RSTRH and OTH have no bytes and no content, like those records of KDD99.
 *
 * UDP: a connection lasts until it is idle; its state is SF, its bytes are payload.
 *
 * ICMP: each message is a connection, includes its header in the bytes, and is decided at once.
 *
 * Timers run in packet time, which never goes back: for timers and `decided`, a packet that is
 * older than one before it counts as current. If the packets' clock is set back for good, the
 * table's clock continues from its value. A deadline counts as reached at the end of its tick of
 * 8.4 ms; a packet at that moment finds no flow.
 *
 * gad_flow_table_new() allocates all memory except that of inspection. Memory is touched only as
 * far as there are flows.
 *
 * Thread: the caller's, one at a time; a callback must not call back into its table.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/flow/conn.h"
#include "lib/net/packet.h"

struct gad_ports;

/* Spans, from 1 ns to a year. Bro's names: tcp_attempt_delay and so on. */
struct gad_flow_timeouts {
    struct gad_time tcp_attempt;       /* SYN without an answer, from the first packet */
    struct gad_time tcp_close;         /* both sides closed or one reset: kept for late packets */
    struct gad_time tcp_reset;         /* RST after the own FIN */
    struct gad_time tcp_partial_close; /* FIN as the first packet seen of a side */
    struct gad_time tcp_idle;          /* any other, from the last packet */
    struct gad_time udp_idle;
};

struct gad_flow_options {
    size_t max_flows;       /* 1 .. GAD_FLOWS_MAX; 200 bytes each */
    uint8_t hash_key[16];   /* preferably secret; results do not depend on it */
    bool by_vlan;           /* the same addresses in another VLAN are another flow */
    size_t inspect_memory;  /* bytes, for all inspected connections together; 0: no inspection */
    uint64_t inspect_bytes; /* payload of one connection to inspect */
    bool by_content;        /* find out by their first bytes what TCP connections are (detect.h) */
    struct gad_flow_timeouts timeouts;
    const struct gad_ports *ports; /* copied; NULL: gad_ports_init() */
};

enum { GAD_FLOWS_MAX = 1 << 26 };

/* Returns 131,072 flows, 8 MiB for inspection, 1 MiB a connection, Bro's times: 5 s, 5 s, 5 s, 3 s,
 * 5 min, 1 min. */
struct gad_flow_options gad_flow_defaults(void);

/*
 * packets = not_counted + bad_checksums + those of ended connections and of flows. begun = ended +
 * flows.
 */
struct gad_flow_counters {
    uint64_t packets;
    uint64_t not_counted;   /* neither TCP, UDP nor ICMP, or without an IP version */
    uint64_t bad_checksums; /* dropped, as the receiver does */
    uint64_t clock_back;    /* packets older than one before them */
    uint64_t clock_reset;   /* times the packets' clock counted as set back */
    uint64_t begun, ended;  /* connections */
    uint64_t evicted;       /* of ended: by the limit on flows */
    uint64_t reused;        /* of ended: by a SYN of the next connection on the same ports */
    uint64_t flows, flows_most;
    uint64_t inspected;       /* connections */
    uint64_t inspect_refused; /* connections not inspected for lack of memory */
    uint64_t inspect_cut;     /* connections longer than the inspection limit */
    uint64_t inspect_memory;  /* bytes in use */
    uint64_t gaps, gap_bytes; /* in inspected connections */
    uint64_t found;           /* connections named by their first bytes */
    uint64_t ftp_announced;   /* endpoints of FTP data connections */
    uint64_t ftp_refused;     /* announced endpoints of other hosts or services, not believed */
    uint64_t ftp_data;        /* connections named ftp_data by the session of their hosts */
    uint64_t ftp_evicted;     /* FTP sessions, for want of memory */
};

struct gad_flow_table;

/* Returns GAD_EINVAL if an option is outside its range. */
int gad_flow_table_new(const struct gad_flow_options *o,
                       struct gad_flow_table **ret) GAD_MUST_CHECK;

/* Discards connections that have not ended: gad_flow_flush() first. */
void gad_flow_table_free(struct gad_flow_table *t);
GAD_DEFINE_CLEANUP(struct gad_flow_table, gad_flow_table_free);

/* Takes the next packet. Calls fn for every connection that has ended by then, in order of
 * `decided`. */
void gad_flow_packet(struct gad_flow_table *t, const struct gad_packet *p, gad_conn_fn *fn,
                     void *arg);

/* Sets the time on the packets' clock when no packet has arrived. */
void gad_flow_advance(struct gad_flow_table *t, struct gad_time now, gad_conn_fn *fn, void *arg);

/* Ends every flow at the end of the input, in the order in which they would have ended without
 * further packets. */
void gad_flow_flush(struct gad_flow_table *t, gad_conn_fn *fn, void *arg);

struct gad_flow_counters gad_flow_table_counters(const struct gad_flow_table *t);
