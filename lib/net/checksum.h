/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The one's-complement checksum of the Internet (RFC 1071), and how the decoder treats a bad
 * one. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gad_decoder;
struct gad_tuple;

/* Adds len bytes to a sum; all parts but the last must have even lengths. Byte order is the
 * machine's. */
uint64_t gad_checksum_add(uint64_t sum, const uint8_t *p, size_t len);

/* Adds the pseudo header of TCP, UDP and ICMPv6 (RFC 9293 section 3.1, RFC 8200 section 8.1). */
uint64_t gad_checksum_pseudo(uint64_t sum, const struct gad_tuple *t, size_t len);

/* Returns the 16 bits of a sum; data that include their checksum are correct if this is 0xffff. */
uint16_t gad_checksum_fold(uint64_t sum);

/* Counts a verified sum and lets GAD_CHECKSUMS_AUTO decide. True: the sum is bad and the packet is
 * to be marked. */
bool gad_checksum_judge(struct gad_decoder *dec, bool is_bad);
