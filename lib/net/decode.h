/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Frames in, packets out. A frame goes through its link layer, IP and, if it is one, the fragments of its
 * datagram; what is left is handed to a callback as a struct gad_packet. Nothing is allocated after
 * gad_decoder_new(), and time is that of the packets, which may go backwards.
 *
 * Every frame has exactly one fate, and every fate a counter:
 *
 *     frames = packets + fragments held + fragments joined + refusals
 *
 * where a datagram in fragments is one unit: the fragment that begins it is held until the datagram is whole or
 * given up and becomes a packet or a refusal then, the others have joined it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/net/packet.h"

struct gad_diag;

enum gad_net_fate {
    GAD_NET_PACKET, /* handed to the callback */
    GAD_NET_HELD,   /* began a datagram that is waiting for its other fragments */
    GAD_NET_JOINED, /* a fragment that went into a datagram begun by another */

    GAD_NET_LINK_TYPE, /* refusals from here on: a link type that we do not read */
    GAD_NET_LINK_HEADER,
    GAD_NET_LINK_DEEP, /* more tags and labels than GAD_NET_LAYERS_MAX */
    GAD_NET_NOT_IP,
    GAD_NET_CUT, /* the capture ends within a header that was there on the wire */
    GAD_NET_IP_VERSION,
    GAD_NET_IP_HEADER,
    GAD_NET_IP_LENGTH, /* says more than the frame had */
    GAD_NET_IP_CHECKSUM,
    GAD_NET_IP6_CHAIN,      /* extension headers: broken, or too many */
    GAD_NET_OTHER_PROTOCOL, /* neither TCP nor UDP nor ICMP, nor a tunnel that is opened */
    GAD_NET_TCP_HEADER,
    GAD_NET_UDP_HEADER,
    GAD_NET_ICMP_HEADER,
    GAD_NET_TUNNEL_HEADER,
    GAD_NET_TUNNEL_DEEP,
    GAD_NET_FRAGMENT_TINY,     /* a first fragment splits the TCP, UDP or ICMP header: RFC 1858 */
    GAD_NET_FRAGMENT_LENGTH,   /* empty, or not the last and less than the unit of 8 bytes */
    GAD_NET_FRAGMENT_NESTED,   /* within a datagram that came in fragments itself */
    GAD_NET_FRAGMENT_NO_FIRST, /* a datagram that was given up without its first fragment */
    GAD_N_NET_FATES,
};

enum { GAD_NET_FIRST_REFUSAL = GAD_NET_LINK_TYPE };

/* "packets", "held", "joined", "link-type" ...; for status and metrics. Never NULL. */
const char *gad_net_reason_name(enum gad_net_fate f);

enum gad_checksums {
    GAD_CHECKSUMS_IGNORE,
    GAD_CHECKSUMS_VERIFY, /* a bad IPv4 header is refused, a bad TCP, UDP, ICMP sum marks the packet */
    GAD_CHECKSUMS_AUTO, /* the first GAD_CHECKSUM_SAMPLE sums decide; until then they are believed */
};

enum {
    GAD_CHECKSUM_SAMPLE = 1000,  /* Suricata's CHECKSUM_SAMPLE_COUNT */
    GAD_CHECKSUM_BAD_SHARE = 10, /* more than one in ten bad: it is offload, ignore */
    GAD_NET_LAYERS_MAX = 16,     /* tags, labels and extension headers of one frame */
    GAD_TUNNELS_MAX = 8,
};

/* Kinds of tunnels, to be put together. */
enum gad_tunnel {
    GAD_TUNNEL_GRE = 1,
    GAD_TUNNEL_IPIP = 2, /* IPv4 or IPv6 in either */
    GAD_TUNNEL_VXLAN = 4,
    GAD_TUNNEL_GENEVE = 8,
    GAD_TUNNEL_GTP = 16, /* its user plane */
    GAD_TUNNEL_TEREDO = 32,
    GAD_TUNNEL_AYIYA = 64,
    GAD_TUNNEL_ERSPAN = 128, /* what a switch mirrors: opened, it is seen twice where it goes */
    GAD_TUNNELS_ALL = 255,
    GAD_TUNNELS_USUAL = GAD_TUNNELS_ALL & ~GAD_TUNNEL_ERSPAN,
};

/* Zero in a field stands for its default. */
struct gad_decoder_options {
    enum gad_checksums checksums;
    unsigned tunnels; /* how deep tunnels are opened, <= GAD_TUNNELS_MAX; 0: not at all */
    /* of enum gad_tunnel; GAD_TUNNELS_USUAL. Others are what they are outside */
    unsigned tunnel_kinds;
    bool by_vlan;     /* fragments of different VLANs are of different datagrams */
    uint64_t seed;    /* of the hash of the fragments' table; unknown to the peers */
    size_t datagrams; /* how many are held at once; 4,096 */
    size_t memory; /* bytes for them, a lower cap than `datagrams` if it is reached first; 32 MiB */
    int64_t timeout_ns; /* from the first fragment that came; 30 s, RFC 1122 section 3.3.2 */
};

struct gad_net_stats {
    uint64_t frames, bytes; /* bytes as on the wire */
    uint64_t fate[GAD_N_NET_FATES];
    uint64_t checksums_checked, checksums_bad;
    uint64_t datagrams;           /* begun by a fragment; of them ... */
    uint64_t datagrams_whole;     /* came in full */
    uint64_t datagrams_timed_out; /* or were there when the input ended */
    uint64_t datagrams_evicted;   /* the oldest, for there were too many */
    uint64_t fragments_wrong, fragments_repeated;
};

/**
 * gad_tunnel_kinds() - tunnels by their names
 * @text: one or more of gre, ipip, vxlan, geneve, erspan, all, with commas between; blanks do not count
 * Return: 0; GAD_EUNKNOWN for another name, GAD_EFORMAT for none; @ret is then as it was.
 */
int gad_tunnel_kinds(const char *text, unsigned *ret, struct gad_diag *d) GAD_MUST_CHECK;

uint64_t gad_net_refused(const struct gad_net_stats *s); /* sum of the refusals */

struct gad_decoder;

/**
 * gad_decoder_new() - with all the memory it will ever have
 * @opt:   may be NULL
 * Return: 0; GAD_EINVAL for options out of range; GAD_ENOMEM.
 */
int gad_decoder_new(const struct gad_decoder_options *opt, struct gad_decoder **ret) GAD_MUST_CHECK;
void gad_decoder_free(struct gad_decoder *dec); /* datagrams that are held go without a word */

/**
 * gad_decode() - one frame
 * @link_type: as pcap numbers it, https://www.tcpdump.org/linktypes.html
 * @frame:     (caplen) bytes, borrowed for the call
 * @len:       bytes on the wire; less than @caplen is taken as @caplen
 * @fn:        called for the frame's packet, and before it for each datagram whose time is over
 */
void gad_decode(struct gad_decoder *dec, int link_type, struct gad_time time, const uint8_t *frame,
                size_t caplen, size_t len, gad_packet_fn *fn, void *arg);

/* Gives up the datagrams whose time is over at packet time @now; for when no frames come. */
void gad_decoder_advance(struct gad_decoder *dec, struct gad_time now, gad_packet_fn *fn,
                         void *arg);

/* Gives up all datagrams: the input has ended. */
void gad_decoder_flush(struct gad_decoder *dec, gad_packet_fn *fn, void *arg);

const struct gad_net_stats *gad_decoder_stats(const struct gad_decoder *dec);

bool gad_link_type_known(int link_type);

GAD_DEFINE_CLEANUP(struct gad_decoder, gad_decoder_free);
