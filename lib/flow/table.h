/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Packets in, finished connections out. What a connection is follows KDD99, and Bro 1.5.3 that made its basic
 * features:
 *
 * TCP: the sender of the SYN is the originator; of a connection whose beginning nobody saw, the receiver of a
 * SYN+ACK, else the sender of the first packet. States are Bro's (tcp.h). A SYN that does not repeat the
 * first one ends what was there and begins a new connection. Bytes come from sequence numbers; REJ, SH, SHR, RSTOS0,
 * RSTRH and OTH have none, as no such record of KDD99 has, and no content.
 * UDP: a connection lasts until it is idle, its state is SF, its bytes are payload.
 * ICMP: each message is a connection of its own, with its header counted, decided at once.
 *
 * Timers run in packet time, and no packet takes it back: one that is older than another before it counts as of the
 * same moment, for timers and `decided` only. Should the packets' clock be set back for good, time goes on from
 * where it was. A deadline counts as reached at the end of its tick of 8.4 ms; a packet that comes at that moment
 * meets no flow.
 *
 * All memory but that of inspection is allocated by gad_flow_table_new() and touched only as far as there are flows.
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

/* Spans, from 1 ns to a year. Bro's names: tcp_attempt_delay and so on. */
struct gad_flow_timeouts {
    struct gad_time tcp_attempt;       /* SYN without an answer, from the first packet */
    struct gad_time tcp_close;         /* both sides closed or one reset: kept for stragglers */
    struct gad_time tcp_reset;         /* RST after the own FIN */
    struct gad_time tcp_partial_close; /* FIN as the first that was seen of a side */
    struct gad_time tcp_idle;          /* any other, from the last packet */
    struct gad_time udp_idle;
};

struct gad_flow_options {
    size_t max_flows;       /* 1 .. GAD_FLOWS_MAX; 200 bytes each */
    uint8_t hash_key[16];   /* secret, or anything: what comes out does not depend on it */
    bool by_vlan;           /* the same addresses in another VLAN are another flow */
    size_t inspect_memory;  /* bytes, for all inspected connections together; 0: no inspection */
    uint64_t inspect_bytes; /* payload of one connection that is looked at */
    struct gad_flow_timeouts timeouts;
};

enum { GAD_FLOWS_MAX = 1 << 26 };

/* 131,072 flows, 8 MiB for inspection, 1 MiB a connection, Bro's times: 5 s, 5 s, 5 s, 3 s, 5 min, 1 min. */
struct gad_flow_options gad_flow_defaults(void);

/*
 * packets = not_counted + bad_checksums + those of ended connections and of flows.
 * begun = ended + flows.
 */
struct gad_flow_counters {
    uint64_t packets;
    uint64_t not_counted;   /* neither TCP, UDP nor ICMP, or of no IP version */
    uint64_t bad_checksums; /* dropped, as their receiver does */
    uint64_t clock_back;    /* packets older than one before them */
    uint64_t clock_reset;   /* times the packets' clock was taken for set back */
    uint64_t begun, ended;  /* connections */
    uint64_t evicted;       /* of ended: by the cap on flows */
    uint64_t reused;        /* of ended: by a SYN of the next on the same ports */
    uint64_t flows, flows_most;
    uint64_t inspected;       /* connections */
    uint64_t inspect_refused; /* for want of memory */
    uint64_t inspect_cut;     /* connections longer than what is looked at */
    uint64_t inspect_memory;  /* bytes in use */
    uint64_t gaps, gap_bytes; /* in inspected connections, told to the inspector */
};

struct gad_flow_table;

/* GAD_EINVAL: an option is outside its range. */
int gad_flow_table_new(const struct gad_flow_options *o,
                       struct gad_flow_table **ret) GAD_MUST_CHECK;

/* Connections that are not over are lost: gad_flow_flush() first. */
void gad_flow_table_free(struct gad_flow_table *t);
GAD_DEFINE_CLEANUP(struct gad_flow_table, gad_flow_table_free);

/* The next packet. fn gets every connection that is over by then, in order of `decided`. */
void gad_flow_packet(struct gad_flow_table *t, const struct gad_packet *p, gad_conn_fn *fn,
                     void *arg);

/* No packet has come, and this is the time on the packets' clock. */
void gad_flow_advance(struct gad_flow_table *t, struct gad_time now, gad_conn_fn *fn, void *arg);

/* The end of input: every flow ends now, in the order in which they would have, had nothing more come. */
void gad_flow_flush(struct gad_flow_table *t, gad_conn_fn *fn, void *arg);

struct gad_flow_counters gad_flow_table_counters(const struct gad_flow_table *t);
