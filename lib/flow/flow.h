/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One flow in the table, three cache lines. Lookups and timers touch only the first. Flows are
 * identified by their index in one array, which is allocated once; index 0 means no flow.
 */

#include <stdint.h>

#include "lib/flow/index.h"
#include "lib/flow/tcp.h"

struct gad_stream;

/* The timer that a flow waits for. */
enum gad_flow_timing {
    GAD_FLOW_ATTEMPT, /* SYN without an answer: from the first packet */
    GAD_FLOW_IDLE,    /* from the last packet */
    /* The deadline of these can be earlier than before. */
    GAD_FLOW_ENDING,   /* ended, or nearly: from the packet that ended it */
    GAD_FLOW_ANSWERED, /* a UDP exchange that has its answers: from the last packet */
};

struct gad_flow {
    struct gad_flow_key key;
    int64_t due;         /* table clock, ns */
    uint32_t next, prev; /* in its slot of the wheel; of free flows, only next */
    uint32_t tick;       /* its tick in the wheel, low 32 bits */
    uint8_t timing;      /* enum gad_flow_timing */
    uint8_t lane;        /* of the wheel */
    bool orig_is_b;      /* the originator is endpoint b of the key */
    bool lasting_known;  /* productive holds the end of its duration */

    struct gad_tcp_side side[2]; /* originator, responder; UDP: `last` counts bytes */
    uint64_t packets[2];

    int64_t start, end;        /* packet time, ns */
    int64_t productive;        /* packet time at which both sides had closed */
    struct gad_stream *stream; /* NULL: not inspected, or not yet */
    uint32_t id;               /* number of the flow, from 1, modulo 2^32 */
    uint32_t other_syn;        /* number of a SYN that does not belong, if has_other_syn */
    uint32_t vlan;
    uint32_t tag;                    /* low half of the key's hash */
    uint16_t urgent, wrong_fragment; /* saturate */
    uint8_t tunnels;
    uint8_t notes;      /* of enum gad_conn_note */
    bool not_inspected; /* its service is not inspected, or memory was short */
    uint16_t interims;  /* number of the next interim record, from 0; see interim.h */
    bool has_other_syn : 1;
    bool other_syn_is_responders : 1;
    bool is_ftp : 1; /* counted in the FTP session of its hosts */
    uint8_t found;   /* enum gad_found */
} __attribute__((__aligned__(64)));

_Static_assert(sizeof(struct gad_flow) == 192, "three cache lines");

static inline bool gad_flow_is_tcp(const struct gad_flow *f)
{
    return f->key.rest >> GAD_FLOW_KEY_TCP & 1;
}
