/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The Internet's one's-complement sum (RFC 1071), and what the decoder makes of a bad one. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gad_decoder;
struct gad_tuple;

/* Adds len bytes to a sum; parts but the last must have even lengths. Order of bytes is the machine's. */
uint64_t gad_checksum_add(uint64_t sum, const uint8_t *p, size_t len);

/* Adds the pseudo header of TCP, UDP, ICMPv6 (RFC 9293 section 3.1, RFC 8200 section 8.1). */
uint64_t gad_checksum_pseudo(uint64_t sum, const struct gad_tuple *t, size_t len);

/* The 16 bits of a sum; data with their checksum among them are right if this is 0xffff. */
uint16_t gad_checksum_fold(uint64_t sum);

/* Counts a sum that was looked at, lets GAD_CHECKSUMS_AUTO decide; true if it is bad and to be believed so. */
bool gad_checksum_judge(struct gad_decoder *dec, bool is_bad);
