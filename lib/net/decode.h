/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Frames in, packets out. A frame passes through its link layer, IP and, if it is a fragment, the
 * reassembly state of its datagram; a callback receives the result as a struct gad_packet. Nothing
 * is allocated after gad_decoder_new(), except to hold a frame whose time is in doubt (steady.h).
 * Time is packet time, which can go backwards.
 *
 * Every frame has exactly one fate, and every fate a counter:
 *
 *     frames = packets + fragments held + fragments joined + refusals
 *
 * A datagram in fragments counts as one unit. Its first fragment to arrive is held until the
 * datagram is complete or given up, and then becomes a packet or a refusal; the other fragments are
 * counted as joined.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/counters.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/net/packet.h"
#include "lib/net/unread.h"

struct gad_diag;
struct gad_frame_ring;

enum gad_net_fate {
    GAD_NET_PACKET, /* passed to the callback */
    GAD_NET_HELD,   /* began a datagram that waits for its other fragments */
    GAD_NET_JOINED, /* a fragment of a datagram that another one began */

    GAD_NET_LINK_TYPE, /* refusals from here on: an unsupported link type */
    GAD_NET_LINK_HEADER,
    GAD_NET_LINK_DEEP, /* more tags and labels than GAD_NET_LAYERS_MAX */
    GAD_NET_NOT_IP,
    GAD_NET_CUT, /* the capture is truncated within a header that was on the wire */
    GAD_NET_IP_VERSION,
    GAD_NET_IP_HEADER,
    GAD_NET_IP_LENGTH, /* outside of tunnels: a length beyond the end of the frame */
    GAD_NET_IP_CHECKSUM,
    GAD_NET_IP6_CHAIN,      /* extension headers: broken, or too many */
    GAD_NET_OTHER_PROTOCOL, /* neither TCP, UDP, ICMP nor a tunnel that is opened */
    GAD_NET_TCP_HEADER,
    GAD_NET_UDP_HEADER,
    GAD_NET_ICMP_HEADER,
    GAD_NET_TUNNEL_HEADER,
    GAD_NET_TUNNEL_DEEP,       /* a tunnel directly in IP, within as many as are opened */
    GAD_NET_FRAGMENT_TINY,     /* a datagram given up in its TCP, UDP or ICMP header: RFC 1858 */
    GAD_NET_FRAGMENT_LENGTH,   /* empty, or not the last and less than the unit of 8 bytes */
    GAD_NET_FRAGMENT_NESTED,   /* within a datagram that was itself fragmented */
    GAD_NET_FRAGMENT_NO_FIRST, /* a datagram given up without its first fragment */
    GAD_N_NET_FATES,
};

enum { GAD_NET_FIRST_REFUSAL = GAD_NET_LINK_TYPE };

/* Returns "packets", "held", "joined", "link-type" ...; for status and metrics. Never NULL. */
const char *gad_net_reason_name(enum gad_net_fate f);

enum gad_checksums {
    GAD_CHECKSUMS_IGNORE,
    /* refuses a bad IPv4 header; marks a packet with a bad TCP, UDP or ICMP sum */
    GAD_CHECKSUMS_VERIFY,
    /* the same, except for senders whose sums the network card computes: see senders.h */
    GAD_CHECKSUMS_AUTO,
};

enum {
    GAD_NET_LAYERS_MAX = 16, /* tags, labels and extension headers of one frame */
    GAD_TUNNELS_MAX = 8,
    GAD_TUNNELS_DEPTH = 2,    /* what programs open by default */
    GAD_TUNNEL_PORTS_MAX = 8, /* of one kind */
};

/* Kinds of tunnels, to be combined by |. */
enum gad_tunnel {
    GAD_TUNNEL_GRE = 1,
    GAD_TUNNEL_IPIP = 2, /* IPv4 or IPv6 in either */
    GAD_TUNNEL_VXLAN = 4,
    GAD_TUNNEL_GENEVE = 8,
    GAD_TUNNEL_GTP = 16, /* its user plane */
    GAD_TUNNEL_TEREDO = 32,
    GAD_TUNNEL_AYIYA = 64,
    /* mirrored by a switch; if opened, traffic is seen twice where it also passes directly */
    GAD_TUNNEL_ERSPAN = 128,
    GAD_TUNNEL_L2TP = 256,  /* version 2, data messages with PPP */
    GAD_TUNNEL_TZSP = 512,  /* mirrored as well */
    GAD_TUNNEL_MPLS = 1024, /* in UDP or IP; directly on a link it is always read */
    GAD_TUNNEL_ETHERIP = 2048,
    GAD_TUNNELS_ALL = 4095,
    GAD_TUNNELS_USUAL = GAD_TUNNELS_ALL & ~GAD_TUNNEL_ERSPAN,
    /* what programs open by default: those between hosts */
    GAD_TUNNELS_HOSTS = GAD_TUNNEL_GRE | GAD_TUNNEL_IPIP | GAD_TUNNEL_VXLAN | GAD_TUNNEL_GENEVE,
};

/* UDP ports of one kind of tunnel; n = 0: its default. */
struct gad_tunnel_ports {
    uint16_t port[GAD_TUNNEL_PORTS_MAX];
    size_t n;
};

/* Zero in a field means its default. */
struct gad_decoder_options {
    enum gad_checksums checksums;
    /* nesting depth to which tunnels are opened, <= GAD_TUNNELS_MAX; 0: none is opened */
    unsigned tunnels;
    /* of enum gad_tunnel; GAD_TUNNELS_USUAL. Tunnels of other kinds are treated as their outer
     * packets */
    unsigned tunnel_kinds;
    struct gad_tunnel_ports vxlan_ports, geneve_ports, gtp_ports; /* 4789, 6081, 2152 */
    bool by_vlan;       /* fragments of different VLANs belong to different datagrams */
    uint64_t seed;      /* of the hashes of the tables; unknown to peers */
    size_t datagrams;   /* how many are held at a time; 4,096 */
    size_t memory;      /* bytes for their content, 4 MiB; no datagram uses more than 6 KiB */
    int64_t timeout_ns; /* from the arrival of the first fragment; 30 s, RFC 1122 section 3.3.2 */
    struct gad_frame_ring *ring; /* stores fragments; NULL: none. Borrowed; the flow table's, too */
};

struct gad_net_stats {
    uint64_t frames, bytes; /* bytes as on the wire */
    uint64_t fate[GAD_N_NET_FATES];
    uint64_t checksums_checked;
    uint64_t checksums_bad;             /* of these, wrong; with GAD_CHECKSUMS_AUTO of these ... */
    uint64_t checksums_offloaded;       /* believed: what checksum offload leaves */
    uint64_t checksums_undecided;       /* believed: the sender has shown no right sum */
    uint64_t checksum_senders;          /* now known */
    uint64_t checksum_senders_rejudged; /* the verdict on a sender changed */
    uint64_t checksum_senders_evicted;  /* because the table was full */
    uint64_t datagrams;                 /* begun by a fragment; of these ... */
    uint64_t datagrams_whole;           /* complete */
    uint64_t datagrams_timed_out;       /* or incomplete at the end of the input */
    uint64_t datagrams_evicted;         /* because the table or its memory was full */
    uint64_t fragments_wrong, fragments_repeated;
    uint64_t fragments_conflicting; /* bytes differ from those that an earlier fragment had there */
    uint64_t clock_steps;           /* of more than a minute that a second frame confirmed */
    uint64_t clock_strays; /* frames dated more than a minute off, whose time was corrected */
    uint64_t tunnels_cut;  /* frames in a tunnel that end before the length in their header */
    uint64_t tunnels_deep; /* tunnels that were not opened, within as many as are opened */
    /* UDP datagrams with the header of a tunnel whose content gave no packet; they are UDP packets
     * themselves */
    uint64_t tunnels_unread;
    /* numbers behind GAD_NET_NOT_IP and GAD_NET_OTHER_PROTOCOL, also within a tunnel; PPP with a
     * protocol that is not read counts as EtherType 0x880b */
    struct gad_unread_table ether_types, ip_protocols;
};

/* Names of all counters above; one without a line in counters.c does not compile. */
enum { GAD_NET_COUNTERS = offsetof(struct gad_net_stats, ether_types) / sizeof(uint64_t) };
extern const struct gad_counter_item gad_net_counters[]; /* (GAD_NET_COUNTERS) */

/**
 * gad_tunnel_kinds() - parses names of tunnel kinds
 * @text: one or more of gre, ipip, vxlan, geneve, gtp, teredo, ayiya, erspan, l2tp, tzsp, mpls,
 *        etherip, all, separated by commas; blanks are ignored
 * Return: 0; GAD_EUNKNOWN for another name, GAD_EFORMAT for a missing one; @ret is then unchanged.
 */
int gad_tunnel_kinds(const char *text, unsigned *ret, struct gad_diag *d) GAD_MUST_CHECK;

/**
 * gad_tunnel_ports() - parses UDP ports, such as "4789, 8472"
 * @text: 1 to GAD_TUNNEL_PORTS_MAX numbers, 1 to 65535, separated by commas; blanks are ignored
 * Return: 0; GAD_EFORMAT or GAD_ELIMIT; @ret is then unchanged.
 */
int gad_tunnel_ports(const char *text, struct gad_tunnel_ports *ret,
                     struct gad_diag *d) GAD_MUST_CHECK;

uint64_t gad_net_refused(const struct gad_net_stats *s); /* sum of the refusals */

struct gad_decoder;

/**
 * gad_decoder_new() - allocates a decoder and all memory that it will use
 * @opt:   may be NULL
 * Return: 0; GAD_EINVAL for options out of range; GAD_ENOMEM.
 */
int gad_decoder_new(const struct gad_decoder_options *opt, struct gad_decoder **ret) GAD_MUST_CHECK;
/* discards held datagrams; gad_decoder_flush() first */
void gad_decoder_free(struct gad_decoder *dec);

/**
 * gad_decode() - decodes one frame
 * @link_type: as pcap numbers it, https://www.tcpdump.org/linktypes.html
 * @frame:     (caplen) bytes, borrowed for the call
 * @len:       bytes on the wire; a value below @caplen counts as @caplen
 * @fn:        called for each datagram that has timed out, then for the frame's packet
 */
void gad_decode(struct gad_decoder *dec, int link_type, struct gad_time time, const uint8_t *frame,
                size_t caplen, size_t len, gad_packet_fn *fn, void *arg);

/* Numbers the frame of the next gad_decode(), for struct gad_packet. */
void gad_decoder_number(struct gad_decoder *dec, uint64_t number);

/* Gives up the datagrams that have timed out at packet time @now; for times without frames. */
void gad_decoder_advance(struct gad_decoder *dec, struct gad_time now, gad_packet_fn *fn,
                         void *arg);

/* Gives up all datagrams, at the end of the input. */
void gad_decoder_flush(struct gad_decoder *dec, gad_packet_fn *fn, void *arg);

/* The time of the last frame that is believed; it was decoded, or is held for its time. */
struct gad_time gad_decoder_time(const struct gad_decoder *dec);

const struct gad_net_stats *gad_decoder_stats(const struct gad_decoder *dec);

bool gad_link_type_known(int link_type);

GAD_DEFINE_CLEANUP(struct gad_decoder, gad_decoder_free);
