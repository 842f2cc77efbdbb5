/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The result of a frame after link layer, IP and fragments: one TCP segment, UDP datagram or ICMP
 * message, with what a connection needs of it. Other protocols give no packet, because KDD99 has no
 * records of them.
 *
 * A datagram in fragments gives one packet when it is complete or given up.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/time.h"
#include "lib/net/tuple.h"

enum gad_tcp_flag { /* RFC 9293 section 3.1 */
                    GAD_TCP_FIN = 0x01,
                    GAD_TCP_SYN = 0x02,
                    GAD_TCP_RST = 0x04,
                    GAD_TCP_PSH = 0x08,
                    GAD_TCP_ACK = 0x10,
                    GAD_TCP_URG = 0x20,
};

struct gad_packet {
    struct gad_time time;   /* packet time; of the last fragment */
    struct gad_tuple tuple; /* src is the sender; ICMP: ports are 0 */
    uint32_t vlan;          /* outer id << 12 | inner id, 0 without a tag */
    uint8_t tunnels;        /* number of tunnels around it */
    uint8_t tcp_flags;
    uint8_t icmp_type, icmp_code;
    uint8_t hop_limit; /* or TTL, of the innermost IP header; of the last fragment */
    uint32_t seq, ack;
    /* payload by the IP header: without TCP or UDP header, with the ICMP header */
    uint32_t len;
    const uint8_t *data; /* the captured part of the payload; borrowed until the callback returns */
    uint32_t data_len;   /* <= len */
    /* fragments that overlap, lie beyond 65,535 bytes, or had a bad checksum */
    uint16_t wrong_fragments;
    bool is_ambiguous; /* bytes of overlapping fragments differ; the first copy is in `data` */
    bool bad_checksum; /* of TCP, UDP or ICMP; only if checksums are verified */
    uint64_t number; /* of its frame, as the caller numbers them; of the first fragment to arrive */
    /* References of its fragments in a frame ring, the first and the last one, and the bytes that
     * they take there; 0: the packet is of the frame that is being decoded. */
    uint64_t frames_first, frames_last;
    uint32_t frames_bytes;
};

typedef void gad_packet_fn(void *arg, const struct gad_packet *p);
