/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which ICMP messages answer a packet of their receiver: an echo, timestamp or other reply whose
 * request was seen, with the same identifier and sequence number; an error that quotes a TCP or UDP
 * packet of a flow in the table, or such a request. The receiver is then the originator of the
 * record: it asked.
 *
 * A flood of replies without requests (smurf) answers nothing, and its records name the
 * sender, as in KDD99. A request counts for one reply, and the packets of a flow count for
 * GAD_ICMP_ERRORS_MAX errors: who is asked once cannot make the asker the originator of a flood.
 *
 * Memory is bounded: the oldest request is evicted. Its answer then counts as not asked for.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/lru.h"
#include "lib/flow/index.h"

/*
 * Background: what each link with IPv6 has, and KDD99 does not. These are neighbour discovery (RFC
 * 4861, types 133 to 136) and multicast listener reports (RFC 2710, 3810, types 130 to 132 and
 * 143). A model cannot know their service, so all of them are anomalous: for both shipped models
 * all 122 ICMPv6 records of unnamed types in the public captures. They give records, marked with
 * GAD_NOTE_BACKGROUND.
 *
 * Nothing from outside of the link counts: the hop limit must be 255 for neighbour discovery, 1 and
 * a source of link scope for listener reports, and the packet is not from a tunnel. A message has
 * code 0 and at most GAD_BACKGROUND_LEN bytes. Beyond GAD_BACKGROUND_RATE messages within a second
 * of packet time the rest is no background, so a flood of them is seen.
 */
enum { GAD_BACKGROUND_LEN = 512, GAD_BACKGROUND_RATE = 100 };

enum { GAD_ICMP_ASKED = 4096, GAD_ICMP_ERRORS_MAX = 4 };

struct gad_icmp_ask {
    int64_t time;    /* on the table's clock, ns */
    uint8_t answers; /* that may still come */
};

struct gad_icmp_asked {
    struct gad_lru *by_key;
    struct gad_icmp_ask *asks; /* (GAD_ICMP_ASKED + 1), by slot */
    int64_t second;            /* of the clock, in which n_background was counted */
    uint32_t n_background;
    uint64_t evicted; /* requests and flows whose answers could still have come */
};

struct gad_flow_table;
struct gad_packet;

int gad_icmp_asked_init(struct gad_icmp_asked *a,
                        const struct gad_flow_secret *secret) GAD_MUST_CHECK;
void gad_icmp_asked_deinit(struct gad_icmp_asked *a);

/* Forgets all, at the end of the input. */
void gad_icmp_asked_clear(struct gad_icmp_asked *a);

/* Takes the next ICMP message. Returns whether it answers a packet of its receiver. */
bool gad_icmp_answers(struct gad_flow_table *t, const struct gad_packet *p);

/* Returns whether a message is background, and counts it. */
bool gad_icmp_is_background(struct gad_flow_table *t, const struct gad_packet *p);
