/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Shared by the fuzz targets of the decoder: the properties of its results for any frames. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/net/decode.h"

enum { N_LINK_TYPES = 16, DATAGRAMS = 4 };

static const int link_types[N_LINK_TYPES] = {1,   0,   9,   12,  14,  50,  51, 101,
                                             104, 108, 113, 228, 229, 276, 2,  127};

struct decoding {
    struct gad_decoder *dec;
    uint64_t frames, packets, ambiguous;
    bool is_open; /* tunnels are opened */
};

static inline void require(bool holds)
{
    if (!holds)
        abort();
}

static inline bool decoding_start(struct decoding *s, uint8_t options)
{
    struct gad_decoder_options opt = {
        .checksums = (enum gad_checksums)(options % 3),
        .tunnels = options >> 2 & 3,
        .tunnel_kinds = options & 32 ? GAD_TUNNELS_USUAL : GAD_TUNNELS_ALL,
        .by_vlan = (options & 16) != 0,
        .seed = options,
        .datagrams = DATAGRAMS,
        .memory = options & 64 ? 1 : DATAGRAMS * 6144, /* 1: for two datagrams */
    };
    if (options & 64)
        opt.vxlan_ports = (struct gad_tunnel_ports){{8472, 4789}, 2};
    s->is_open = opt.tunnels > 0;
    return gad_decoder_new(&opt, &s->dec) == 0;
}

static inline void check_packet(void *arg, const struct gad_packet *p)
{
    static const uint8_t zeros[12];
    struct decoding *s = arg;
    uint8_t proto = p->tuple.proto;
    volatile uint8_t last = 0;

    s->packets++;
    require(p->data_len <= p->len);
    require(p->tunnels == 0 || p->len <= 65535 + 40); /* a header in a cut frame says no more */
    for (size_t i = 0; i < p->data_len; i++)          /* a sanitizer checks every byte */
        last = p->data[i];
    (void)last;
    require(proto == GAD_IP_TCP || proto == GAD_IP_UDP || proto == GAD_IP_ICMP ||
            proto == GAD_IP_ICMP6);
    require(p->tuple.family == 4 || p->tuple.family == 6);
    require(p->tuple.family == 6 ||
            (memcmp(p->tuple.src + 4, zeros, 12) == 0 && memcmp(p->tuple.dst + 4, zeros, 12) == 0));
    require(p->vlan < 1 << 24 && p->tunnels <= 3 && (s->is_open || p->tunnels == 0));
    bool is_icmp = proto == GAD_IP_ICMP || proto == GAD_IP_ICMP6;
    require(is_icmp ? p->len >= 8 && p->tuple.src_port == 0 && p->tuple.dst_port == 0
                    : p->icmp_type == 0 && p->icmp_code == 0);
    require(proto == GAD_IP_TCP || p->tcp_flags == 0);
    s->ambiguous += p->is_ambiguous;
}

static inline uint64_t sum_of_fates(const struct gad_net_stats *n)
{
    uint64_t sum = 0;
    for (int f = 0; f < GAD_N_NET_FATES; f++)
        sum += n->fate[f];
    return sum;
}

static inline uint64_t sum_of_unread(const struct gad_unread_table *t)
{
    uint64_t sum = t->other;
    for (size_t i = 0; i < GAD_UNREAD_MAX; i++)
        sum += t->entry[i].count;
    return sum;
}

static inline void check_counters(const struct decoding *s)
{
    const struct gad_net_stats *n = gad_decoder_stats(s->dec);

    require(n->frames == s->frames || n->frames + 1 == s->frames); /* one waits: lib/net/steady.h */
    require(n->fate[GAD_NET_PACKET] == s->packets);
    require(sum_of_fates(n) == n->frames);
    require(n->fate[GAD_NET_HELD] <= DATAGRAMS);
    require(n->datagrams == n->fate[GAD_NET_HELD] + n->datagrams_whole + n->datagrams_timed_out +
                                n->datagrams_evicted);
    require(n->checksums_bad <= n->checksums_checked);
    require(sum_of_unread(&n->ip_protocols) >= n->fate[GAD_NET_OTHER_PROTOCOL]);
    require(s->is_open || n->tunnels_cut + n->tunnels_deep + n->tunnels_unread == 0);
    require(n->checksums_offloaded + n->checksums_undecided <= n->checksums_bad);
    require(n->fragments_wrong + n->fragments_conflicting <=
            2 * (n->fate[GAD_NET_JOINED] + n->datagrams));
}

/* In a separate allocation, so that an access before or after it is found. */
static inline void decode_frame(struct decoding *s, int link_type, struct gad_time now,
                                const uint8_t *frame, size_t caplen, uint8_t missing)
{
    uint8_t *copy = malloc(caplen ? caplen : 1);

    if (!copy)
        return;
    if (caplen > 0)
        memcpy(copy, frame, caplen);
    s->frames++;
    gad_decode(s->dec, link_type, now, copy, caplen, caplen + missing, check_packet, s);
    free(copy);
    check_counters(s);
}

static inline void decoding_end(struct decoding *s)
{
    gad_decoder_flush(s->dec, check_packet, s);
    check_counters(s);
    require(gad_decoder_stats(s->dec)->frames == s->frames);
    require(gad_decoder_stats(s->dec)->fate[GAD_NET_HELD] == 0);
    require(s->ambiguous <= gad_decoder_stats(s->dec)->fragments_conflicting);
    gad_decoder_free(s->dec);
}
