/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net/decode.h"

#include "lib/net/frag.h"
#include "lib/net/frame_ring.h"
#include "lib/net/senders.h"
#include "lib/net/walk.h"

enum { DATAGRAMS = 4096, DATAGRAMS_MAX = 1 << 20, MEMORY = 4 << 20 };

static const int64_t timeout_ns = INT64_C(30000000000);

static const char *const names[GAD_N_NET_FATES] = {
    [GAD_NET_PACKET] = "packets",
    [GAD_NET_HELD] = "held",
    [GAD_NET_JOINED] = "joined",
    [GAD_NET_LINK_TYPE] = "link-type",
    [GAD_NET_LINK_HEADER] = "link-header",
    [GAD_NET_LINK_DEEP] = "link-deep",
    [GAD_NET_NOT_IP] = "not-ip",
    [GAD_NET_CUT] = "cut",
    [GAD_NET_IP_VERSION] = "ip-version",
    [GAD_NET_IP_HEADER] = "ip-header",
    [GAD_NET_IP_LENGTH] = "ip-length",
    [GAD_NET_IP_CHECKSUM] = "ip-checksum",
    [GAD_NET_IP6_CHAIN] = "ip6-chain",
    [GAD_NET_OTHER_PROTOCOL] = "other-protocol",
    [GAD_NET_TCP_HEADER] = "tcp-header",
    [GAD_NET_UDP_HEADER] = "udp-header",
    [GAD_NET_ICMP_HEADER] = "icmp-header",
    [GAD_NET_TUNNEL_HEADER] = "tunnel-header",
    [GAD_NET_TUNNEL_DEEP] = "tunnel-deep",
    [GAD_NET_FRAGMENT_TINY] = "fragment-tiny",
    [GAD_NET_FRAGMENT_LENGTH] = "fragment-length",
    [GAD_NET_FRAGMENT_NESTED] = "fragment-nested",
    [GAD_NET_FRAGMENT_NO_FIRST] = "fragment-no-first",
};

const char *gad_net_reason_name(enum gad_net_fate f)
{
    return f < GAD_N_NET_FATES ? names[f] : "unknown";
}

uint64_t gad_net_refused(const struct gad_net_stats *s)
{
    uint64_t sum = 0;
    for (int f = GAD_NET_FIRST_REFUSAL; f < GAD_N_NET_FATES; f++)
        sum += s->fate[f];
    return sum;
}

int gad_decoder_new(const struct gad_decoder_options *opt, struct gad_decoder **ret)
{
    gad_cleanup(gad_decoder_freep) struct gad_decoder *dec = gad_calloc(1, sizeof(*dec));

    if (!dec)
        return GAD_ENOMEM;
    if (opt)
        dec->opt = *opt;
    if (dec->opt.datagrams == 0)
        dec->opt.datagrams = DATAGRAMS;
    if (dec->opt.memory == 0)
        dec->opt.memory = MEMORY;
    if (dec->opt.tunnel_kinds == 0)
        dec->opt.tunnel_kinds = GAD_TUNNELS_USUAL;
    if (dec->opt.timeout_ns == 0)
        dec->opt.timeout_ns = timeout_ns;
    if (dec->opt.datagrams > DATAGRAMS_MAX || dec->opt.timeout_ns < 0 ||
        dec->opt.tunnels > GAD_TUNNELS_MAX || dec->opt.tunnel_kinds > GAD_TUNNELS_ALL ||
        dec->opt.checksums > GAD_CHECKSUMS_AUTO || dec->opt.vxlan_ports.n > GAD_TUNNEL_PORTS_MAX ||
        dec->opt.geneve_ports.n > GAD_TUNNEL_PORTS_MAX ||
        dec->opt.gtp_ports.n > GAD_TUNNEL_PORTS_MAX)
        return GAD_EINVAL;
    gad_net_udp_tunnels_init(dec);
    int r = gad_frags_new(&dec->opt, &dec->frags);
    if (r == 0 && dec->opt.checksums == GAD_CHECKSUMS_AUTO)
        r = gad_senders_new(dec->opt.seed, &dec->stats, &dec->senders);
    if (r != 0)
        return r;
    *ret = gad_steal(&dec);
    return 0;
}

void gad_decoder_free(struct gad_decoder *dec)
{
    if (!dec)
        return;
    gad_frags_free(dec->frags);
    gad_steady_deinit(&dec->steady);
    gad_senders_free(dec->senders);
    gad_free(dec);
}

static void decode(struct gad_decoder *dec, const struct gad_frame *f, gad_packet_fn *fn, void *arg)
{
    struct gad_walk w = {
        .dec = dec,
        .fn = fn,
        .arg = arg,
        .c = gad_cursor_init(f->data, f->caplen),
        .missing = f->len - f->caplen,
        .p = {.time = f->time, .number = f->number},
    };
    if (gad_frags_any(dec->frags))
        gad_frags_advance(dec, f->time, fn, arg);
    if (dec->opt.ring)
        gad_frame_ring_now(dec->opt.ring, f);
    dec->stats.frames++;
    dec->stats.bytes += f->len;
    dec->stats.fate[gad_net_link(&w, f->link_type)]++;
}

void gad_decode(struct gad_decoder *dec, int link_type, struct gad_time time, const uint8_t *frame,
                size_t caplen, size_t len, gad_packet_fn *fn, void *arg)
{
    if (len > UINT32_MAX) /* no frame is that long; a packet's length has 32 bits */
        len = UINT32_MAX;
    if (caplen > UINT32_MAX)
        caplen = UINT32_MAX;
    if (len < caplen)
        len = caplen;
    struct gad_frame f = {time, link_type, frame, caplen, len, dec->number}, first;
    enum gad_steady_fate fate;

    while ((fate = gad_steady_next(&dec->steady, &f, &first)) == GAD_STEADY_RELEASED)
        decode(dec, &first, fn, arg);
    dec->stats.clock_steps = dec->steady.steps;
    dec->stats.clock_strays = dec->steady.strays;
    if (fate == GAD_STEADY_NOW)
        decode(dec, &f, fn, arg);
}

void gad_decoder_number(struct gad_decoder *dec, uint64_t number)
{
    dec->number = number;
}

static void release(struct gad_decoder *dec, struct gad_time now, bool is_end, gad_packet_fn *fn,
                    void *arg)
{
    struct gad_frame f;

    if (gad_steady_release(&dec->steady, now, is_end, &f))
        decode(dec, &f, fn, arg);
}

void gad_decoder_advance(struct gad_decoder *dec, struct gad_time now, gad_packet_fn *fn, void *arg)
{
    release(dec, now, false, fn, arg);
    gad_frags_advance(dec, now, fn, arg);
}

void gad_decoder_flush(struct gad_decoder *dec, gad_packet_fn *fn, void *arg)
{
    release(dec, dec->steady.now, true, fn, arg);
    gad_frags_flush(dec, fn, arg);
}

struct gad_time gad_decoder_time(const struct gad_decoder *dec)
{
    return dec->steady.now;
}

const struct gad_net_stats *gad_decoder_stats(const struct gad_decoder *dec)
{
    return &dec->stats;
}
