/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Packets in, finished connections out. Connections are defined as in KDD99, and in Bro 1.5.3,
 * which created its basic features:
 *
 * TCP: the sender of the SYN is the originator; without a SYN, the receiver of a SYN+ACK. If
 * neither was seen, the side whose port is a named service is the responder, else that of the lower
 * port if it is below 1024, else the receiver of the first packet. The connection is then marked as
 * guessed. States are Bro's; one packet of wrong numbers changes none (tcp.h). A SYN that does not
 * repeat the first one ends the connection and begins a new one, if the connection had ended or the
 * SYN is answered. Late packets of an ended connection make no connection of their own (linger.h).
 * Bytes come from sequence numbers. REJ, SH, SHR, RSTOS0, RSTRH and OTH have no bytes and no
 * content, like those records of KDD99.
 *
 * UDP: a connection lasts until it is idle, which is soon for an exchange that has its answer
 * (decide.h); its state is SF, its bytes are payload.
 *
 * ICMP: each message is a connection, includes its header in the bytes, and is decided at once. The
 * originator of an answer is its receiver, if that asked (icmp.h).
 *
 * Timers run in packet time, which never goes back: for timers and `decided`, a packet that is
 * older than one before it counts as current. If the packets' clock is set back for good, the
 * table's clock continues from its value. A deadline counts as reached at the end of its tick of
 * 8.4 ms; a packet at that moment finds no flow.
 *
 * A flow that lasts can give interim records (interim.h): what an end at this moment would give,
 * with the note GAD_NOTE_INTERIM. Its final record follows.
 *
 * gad_flow_table_new() allocates all memory except that of inspection. Memory is touched only as
 * far as there are flows.
 *
 * Thread: the caller's, one at a time; a callback must not call back into its table.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/counters.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"
#include "lib/flow/conn.h"
#include "lib/net/packet.h"

struct gad_frame_ring;
struct gad_ports;

/* Spans, from 1 ns to a year. Bro's names: tcp_attempt_delay and so on. */
struct gad_flow_timeouts {
    struct gad_time tcp_attempt;       /* SYN without an answer, from the first packet */
    struct gad_time tcp_close;         /* both sides closed or one reset: kept for late packets */
    struct gad_time tcp_reset;         /* RST after the own FIN */
    struct gad_time tcp_partial_close; /* FIN as the first packet seen of a side */
    struct gad_time tcp_idle;          /* any other, from the last packet */
    struct gad_time udp_idle;
    struct gad_time linger;       /* late packets of an ended TCP connection make no connection */
    struct gad_time udp_answered; /* an exchange that has its answer; 0: as udp_idle */
};

struct gad_flow_options {
    size_t max_flows;       /* 1 .. GAD_FLOWS_MAX; 200 bytes each */
    uint8_t hash_key[16];   /* preferably secret; results do not depend on it */
    bool by_vlan;           /* the same addresses in another VLAN are another flow */
    size_t inspect_memory;  /* bytes, for all inspected connections together; 0: no inspection */
    uint64_t inspect_bytes; /* payload of one connection to inspect, again every 10 s */
    bool by_content;        /* find out by their first bytes what TCP connections are (detect.h) */
    struct gad_flow_timeouts timeouts;
    const struct gad_ports *ports; /* copied; NULL: gad_ports_init() */
    struct gad_time interim;       /* age of a flow at its first interim record; 0: none */
    struct gad_frame_ring *ring;   /* stores the frames of connections; NULL: none. Borrowed */
};

enum { GAD_FLOWS_MAX = 1 << 26 };

/* Returns 131,072 flows, 8 MiB for inspection, 1 MiB a connection, Bro's times: 5 s, 5 s, 5 s, 3 s,
 * 5 min, 1 min; linger 120 s; 2 s after an answer; no interim records. */
struct gad_flow_options gad_flow_defaults(void);

/*
 * packets = not_counted + bad_checksums + late + those of ended connections and of flows. begun =
 * ended + flows.
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
    uint64_t cut;           /* of ended: TCP connections that were open at the end of the input */
    uint64_t answered;      /* of ended: UDP exchanges that had their answer */
    uint64_t interims;      /* interim records */
    uint64_t flows, flows_most;
    uint64_t guessed;           /* of ended: connections whose originator is a guess */
    uint64_t out_of_window;     /* TCP packets of wrong numbers; of these ... */
    uint64_t resets_wrong;      /* RST */
    uint64_t syns_wrong;        /* SYN that do not belong to the connection */
    uint64_t dropped;           /* TCP packets that their receiver drops: not inspected */
    uint64_t resets_revoked;    /* connections that continued after a RST */
    uint64_t late;              /* packets of a connection that had ended */
    uint64_t linger_evicted;    /* ended connections that were forgotten too early */
    uint64_t inspected;         /* connections */
    uint64_t inspect_refused;   /* connections not inspected for lack of memory */
    uint64_t inspect_evicted;   /* times that a connection lost its inspection to another one */
    uint64_t inspect_cut;       /* connections longer than the inspection limit */
    uint64_t inspect_cut_bytes; /* their payload that was not inspected */
    uint64_t inspect_memory;    /* bytes in use */
    uint64_t gaps, gap_bytes;   /* in inspected connections */
    uint64_t conflicts;         /* segments with other bytes than an earlier copy of them */
    uint64_t ambiguous;         /* connections whose copies are all inspected */
    uint64_t icmp_answers;      /* ICMP messages that answer a packet seen */
    uint64_t icmp_evicted;      /* requests and flows forgotten, whose answers are then unasked */
    uint64_t background;        /* of ended: GAD_NOTE_BACKGROUND */
    uint64_t icmp_unasked;      /* ICMP replies and errors that answer none, or too many for one */
    uint64_t found;             /* connections named by their first bytes */
    uint64_t ftp_announced;     /* endpoints of FTP data connections */
    uint64_t ftp_refused;       /* announced endpoints of other hosts or services, not believed */
    uint64_t ftp_data;          /* connections named ftp_data by the session of their hosts */
    uint64_t ftp_evicted;       /* FTP sessions, for want of memory */
    uint64_t frames_stored;     /* in the frame ring, without fragments */
    uint64_t frames_skipped;    /* not stored: their connection has enough */
};

/* Names of all counters above; one without a line in counters.c does not compile. */
enum { GAD_FLOW_COUNTERS = sizeof(struct gad_flow_counters) / sizeof(uint64_t) };
extern const struct gad_counter_item gad_flow_counters[]; /* (GAD_FLOW_COUNTERS) */

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

/*
 * Ends every flow at the end of the input, as if no further packet came: each is decided at its own
 * deadline, in order. TCP connections that are open have the note GAD_NOTE_CUT; before each of them
 * comes an interim record, if there are such. The table is then as new, except for its counters:
 * packets of another input can have earlier times than these deadlines.
 */
void gad_flow_flush(struct gad_flow_table *t, gad_conn_fn *fn, void *arg);

struct gad_flow_counters gad_flow_table_counters(const struct gad_flow_table *t);
