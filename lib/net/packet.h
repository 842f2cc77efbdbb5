/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What is left of a frame once link layer, IP and fragments are dealt with: one TCP segment, UDP datagram or
 * ICMP message and what a connection has to know of it. Other protocols give no packet, for KDD99 has no record
 * of them.
 *
 * A datagram that came in fragments gives one packet when it is whole, or when it is given up.
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
    struct gad_tuple tuple; /* src sent it; ICMP: ports are 0 */
    uint32_t vlan;   /* outer id << 12 | inner id, 0 without; told apart only where asked for */
    uint8_t tunnels; /* how many tunnels it came through */
    uint8_t tcp_flags;
    uint8_t icmp_type, icmp_code;
    uint32_t seq, ack;
    /* payload as the IP header has it: without TCP or UDP header, ICMP with its own */
    uint32_t len;
    const uint8_t *data; /* the captured part of the payload; borrowed until the callback returns */
    uint32_t data_len;   /* <= len */
    /* fragments that overlap, lie beyond 65,535 bytes, or had a bad checksum */
    uint16_t wrong_fragments;
    bool bad_checksum; /* of TCP, UDP or ICMP; only where checksums are looked at */
};

typedef void gad_packet_fn(void *arg, const struct gad_packet *p);
