/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The classic capture file (draft-ietf-opsawg-pcap): little-endian, microseconds, Ethernet. */

#include <stddef.h>
#include <stdint.h>

struct out;

void pcap_out_header(struct out *o);

/* Where a frame of at most max bytes goes; NULL if there is no memory. pcap_out_frame() then says how long it is. */
uint8_t *pcap_out_room(struct out *o, size_t max);
void pcap_out_frame(struct out *o, int64_t time_us, size_t len);
