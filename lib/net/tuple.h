/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Two endpoints and their protocol. For a packet, src is the sender; for a connection, the
 * originator.
 */

#include <stdint.h>
#include <string.h>

enum gad_ip_proto { GAD_IP_ICMP = 1, GAD_IP_TCP = 6, GAD_IP_UDP = 17, GAD_IP_ICMP6 = 58 };

struct gad_tuple {
    uint8_t family; /* 4, 6, or 0: not known */
    uint8_t proto;  /* IP protocol number */
    uint16_t src_port, dst_port;
    uint8_t src[16], dst[16]; /* network order, IPv4 in the first 4 bytes and zeros behind */
};

static inline struct gad_tuple gad_tuple_reversed(const struct gad_tuple *t)
{
    struct gad_tuple r = {
        .family = t->family, .proto = t->proto, .src_port = t->dst_port, .dst_port = t->src_port};

    memcpy(r.src, t->dst, sizeof(r.src));
    memcpy(r.dst, t->src, sizeof(r.dst));
    return r;
}
