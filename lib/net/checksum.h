/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The one's-complement checksum of the Internet (RFC 1071), and how the decoder treats a bad
 * one. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/net/senders.h"

struct gad_tuple;
struct gad_walk;

/* Adds len bytes to a sum; all parts but the last must have even lengths. Byte order is the
 * machine's. */
uint64_t gad_checksum_add(uint64_t sum, const uint8_t *p, size_t len);

/* Adds the pseudo header of TCP, UDP and ICMPv6 (RFC 9293 section 3.1, RFC 8200 section 8.1). */
uint64_t gad_checksum_pseudo(uint64_t sum, const struct gad_tuple *t, size_t len);

/* Returns the 16 bits of a sum; data that include their checksum are correct if this is 0xffff. */
uint16_t gad_checksum_fold(uint64_t sum);

/* What was found out about the checksum of one header or message. */
struct gad_checksum {
    enum gad_sum_class class;
    bool is_right;
    bool is_left;      /* wrong, and what checksum offload leaves in the field */
    bool is_evidence;  /* where a host with offload sends no right sum */
    bool is_mergeable; /* a segment such as the kernel makes of several on receipt */
    bool is_merged;    /* larger than what a link carries */
};

/* Is a wrong field what checksum offload leaves: zero, or the sum of the pseudo header, with the
 * length of the message or without it? The field is in the order of the packet. */
bool gad_checksum_is_left(const uint8_t field[static 2], const struct gad_tuple *t, size_t len,
                          bool has_pseudo);

/* Counts a checksum, and judges it: true: it is wrong, and the packet is to be marked. */
bool gad_checksum_judge(struct gad_walk *w, const struct gad_checksum *sum);
