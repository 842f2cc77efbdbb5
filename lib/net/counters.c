/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/net/decode.h"

#define AT(field) offsetof(struct gad_net_stats, field)

/* clang-format off */
#define FATE(f, name, help) {name, help, AT(fate[GAD_NET_##f]), GAD_COUNTER_PLAIN}
#define REFUSED(f, name, help) FATE(f, "refused_" name, help)

const struct gad_counter_item gad_net_counters[] = {
    {"decoder_frames", "frames captured", AT(frames), GAD_COUNTER_PLAIN},
    {"decoder_bytes", "their bytes on the wire", AT(bytes), GAD_COUNTER_PLAIN},
    FATE(PACKET, "decoder_packets", "frames that became packets"),
    FATE(HELD, "decoder_fragments_held", "fragments that began a datagram"),
    FATE(JOINED, "decoder_fragments_joined", "fragments of a datagram that another one began"),
    REFUSED(LINK_TYPE, "link_type", "frames of an unsupported link type"),
    REFUSED(LINK_HEADER, "link_header", "frames with a damaged link header"),
    REFUSED(LINK_DEEP, "link_deep", "frames with too many tags and labels"),
    REFUSED(NOT_IP, "not_ip", "frames that are not IP"),
    REFUSED(CUT, "cut", "frames that the capture cut within a header"),
    REFUSED(IP_VERSION, "ip_version", "neither IPv4 nor IPv6"),
    REFUSED(IP_HEADER, "ip_header", "damaged IP headers"),
    REFUSED(IP_LENGTH, "ip_length", "IP lengths beyond the end of the frame"),
    REFUSED(IP_CHECKSUM, "ip_checksum", "wrong checksums of an IPv4 header"),
    REFUSED(IP6_CHAIN, "ip6_chain", "extension headers of IPv6: broken, or too many"),
    REFUSED(OTHER_PROTOCOL, "other_protocol", "neither TCP, UDP, ICMP nor an opened tunnel"),
    REFUSED(TCP_HEADER, "tcp_header", "damaged TCP headers"),
    REFUSED(UDP_HEADER, "udp_header", "damaged UDP headers"),
    REFUSED(ICMP_HEADER, "icmp_header", "damaged ICMP headers"),
    REFUSED(TUNNEL_HEADER, "tunnel_header", "damaged headers of a tunnel"),
    REFUSED(TUNNEL_DEEP, "tunnel_deep", "tunnels nested deeper than the limit"),
    REFUSED(FRAGMENT_TINY, "fragment_tiny", "first fragments that split the transport header"),
    REFUSED(FRAGMENT_LENGTH, "fragment_length", "fragments of an impossible length"),
    REFUSED(FRAGMENT_NESTED, "fragment_nested", "fragments within a fragmented datagram"),
    REFUSED(FRAGMENT_NO_FIRST, "fragment_no_first", "datagrams without their first fragment"),
    {"decoder_checksums_checked", "checksums verified", AT(checksums_checked), GAD_COUNTER_PLAIN},
    {"decoder_checksums_bad", "of these, wrong", AT(checksums_bad), GAD_COUNTER_DOUBT},
    {"decoder_sums_offloaded", "wrong as checksum offload leaves them, and believed",
     AT(checksums_offloaded), GAD_COUNTER_PLAIN},
    {"decoder_sums_undecided", "wrong, of senders without a right one, and believed",
     AT(checksums_undecided), GAD_COUNTER_DOUBT},
    {"decoder_senders", "senders whose checksums are known", AT(checksum_senders),
     GAD_COUNTER_GAUGE},
    {"decoder_senders_rejudged", "times that the verdict on a sender changed",
     AT(checksum_senders_rejudged), GAD_COUNTER_DOUBT},
    {"decoder_senders_evicted", "senders forgotten because the table was full",
     AT(checksum_senders_evicted), GAD_COUNTER_DOUBT},
    {"decoder_datagrams", "datagrams in fragments", AT(datagrams), GAD_COUNTER_PLAIN},
    {"decoder_datagrams_whole", "of these, complete", AT(datagrams_whole), GAD_COUNTER_PLAIN},
    {"decoder_datagrams_timed_out", "of these, incomplete at the time-out or at the end",
     AT(datagrams_timed_out), GAD_COUNTER_DOUBT},
    {"decoder_datagrams_evicted", "of these, given up because the table was full",
     AT(datagrams_evicted), GAD_COUNTER_BLIND},
    {"decoder_fragments_wrong", "fragments that contradict others of their datagram",
     AT(fragments_wrong), GAD_COUNTER_DOUBT},
    {"decoder_fragments_repeated", "fragments that repeat another one", AT(fragments_repeated),
     GAD_COUNTER_PLAIN},
    {"decoder_fragments_conflicting", "fragments with other bytes than an earlier one",
     AT(fragments_conflicting), GAD_COUNTER_DOUBT},
    {"decoder_clock_steps", "steps of the clock by more than a minute, confirmed by a second frame",
     AT(clock_steps), GAD_COUNTER_DOUBT},
    {"decoder_clock_strays", "frames dated more than a minute off, whose time was corrected",
     AT(clock_strays), GAD_COUNTER_DOUBT},
    {"decoder_tunnels_cut", "frames in a tunnel that end before their length", AT(tunnels_cut),
     GAD_COUNTER_DOUBT},
    {"decoder_tunnels_deep", "tunnels nested deeper than the limit, taken as what they are in",
     AT(tunnels_deep), GAD_COUNTER_DOUBT},
    {"decoder_tunnels_unread", "datagrams with the header of a tunnel, without a packet in it",
     AT(tunnels_unread), GAD_COUNTER_DOUBT},
};
/* clang-format on */

_Static_assert(sizeof(gad_net_counters) / sizeof(gad_net_counters[0]) == GAD_NET_COUNTERS,
               "each counter of struct gad_net_stats has a line above");
