/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Packets of a few hosts that get nearly everything wrong: for comparisons and fuzzing. */

#include "lib/base/rng.h"
#include "lib/net/packet.h"

struct random_packets {
    struct gad_rng rng;
    int64_t now;
    uint32_t seq[2]; /* of the sender: close together, so that some segments fit */
    bool plain;      /* TCP: only SYNs of the client, always the same one */
};

static inline uint32_t random_pick(struct random_packets *r, const uint32_t *of, uint32_t n)
{
    return of[gad_rng_below(&r->rng, n)];
}

static inline struct gad_packet random_packet(struct random_packets *r)
{
    static const uint32_t flags[] = {0x02, 0x02, 0x12, 0x12, 0x10, 0x10, 0x10, 0x18,
                                     0x30, 0x11, 0x11, 0x04, 0x14, 0x00, 0x3f, 0x13};
    static const uint32_t protos[] = {GAD_IP_TCP, GAD_IP_TCP, GAD_IP_TCP, GAD_IP_TCP,
                                      GAD_IP_TCP, GAD_IP_TCP, GAD_IP_UDP, GAD_IP_ICMP};
    static const uint32_t steps_ms[] = {0,   0,   0,   0,    1,    8,    9,
                                        100, 100, 500, 1000, 1000, 4990, 60000};
    static const uint32_t lens[] = {0, 0, 0, 1, 100, 1448};
    bool from_b = gad_rng_below(&r->rng, 2);
    uint32_t a = gad_rng_below(&r->rng, 2), port = gad_rng_below(&r->rng, 4);
    struct gad_packet p = {.tuple = {.family = gad_rng_below(&r->rng, 8) ? 4 : 6}};

    r->now += random_pick(r, steps_ms, 14) * INT64_C(1000000);
    if (gad_rng_below(&r->rng, 2000) == 0)
        r->now += gad_rng_below(&r->rng, 5000) * INT64_C(1000000000);
    p.time.ns = r->now - (int64_t)gad_rng_below(&r->rng, 2) * gad_rng_below(&r->rng, 50000000);
    p.tuple.proto = (uint8_t)random_pick(r, protos, 8);
    p.tuple.src[3] = (uint8_t)(from_b ? 9 : a);
    p.tuple.dst[3] = (uint8_t)(from_b ? a : 9);
    if (p.tuple.proto != GAD_IP_ICMP) {
        uint32_t server = p.tuple.proto == GAD_IP_UDP && port > 1 ? 53 : 80;
        p.tuple.src_port = (uint16_t)(from_b ? server : 1000 + port);
        p.tuple.dst_port = (uint16_t)(from_b ? 1000 + port : server);
    }
    p.len = random_pick(r, lens, 6);
    p.wrong_fragments = gad_rng_below(&r->rng, 30) == 0;
    if (p.tuple.proto == GAD_IP_TCP && r->plain) {
        p.tcp_flags = GAD_TCP_SYN;
        p.len = 0;
        p.seq = p.tuple.src_port + p.tuple.src[3];
    } else if (p.tuple.proto == GAD_IP_TCP) {
        p.tcp_flags = (uint8_t)random_pick(r, flags, 16);
        p.seq = r->seq[from_b] + gad_rng_below(&r->rng, 4);
        p.ack = r->seq[!from_b] + gad_rng_below(&r->rng, 4);
        r->seq[from_b] += gad_rng_below(&r->rng, 3) ? 0 : p.len;
        if (gad_rng_below(&r->rng, 200) == 0)
            r->seq[from_b] = (uint32_t)gad_rng_u64(&r->rng);
    }
    return p;
}
