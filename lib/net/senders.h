/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Who computes checksums: the evidence for GAD_CHECKSUMS_AUTO.
 *
 * A wrong checksum means one of three things. The packet is damaged or forged, and its receiver
 * drops it. Or the network card computes the sum after the packet was captured: checksum offload,
 * a property of the sensor's own host and of its virtual machines. Or addresses in the capture were
 * rewritten, and then all sums are wrong.
 *
 * Offload is recognisable: the field is zero, or it has the sum of the pseudo header alone. Linux
 * leaves that (CHECKSUM_PARTIAL) on what it sends and on segments that it merged on receipt (GRO);
 * BSD and Windows do as well, for large sends without the length in it. So the sum of a pseudo
 * header is believed if the sender has shown no right sums, or on a segment that can be a merged
 * one, once a frame showed that this capture has those. Any other wrong sum is believed only of an
 * address that has shown no right sum: this covers rewritten captures, and an attacker gains
 * nothing, because his connection needs right sums.
 *
 * Not every right sum says that a host has no offload: Linux computes the sums of RST, and older
 * kernels those of SYN and pure ACKs, in software. So for what offload leaves, only right sums of
 * payload are evidence, and none of fragments. Such a sender is an address at a link-layer address,
 * so that right sums forged elsewhere do not turn the sensor's own host into a forger. For other
 * sums a sender is an address, and each right sum is evidence.
 *
 * A sender whose last GAD_SENDER_RETRY sums are all wrong is judged again.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/net/tuple.h"

enum {
    GAD_SENDERS = 4096,      /* at a time; the one without a right sum for longest is evicted */
    GAD_SENDER_RETRY = 1000, /* wrong sums in a row */
};

enum gad_sum_class { GAD_SUM_IP4, GAD_SUM_TCP, GAD_SUM_UDP, GAD_SUM_ICMP, GAD_N_SUM_CLASSES };

struct gad_net_stats;
struct gad_senders;

/* @seed: as that of the decoder. Counts into @stats, which outlives the table. */
int gad_senders_new(uint64_t seed, struct gad_net_stats *stats,
                    struct gad_senders **ret) GAD_MUST_CHECK;
void gad_senders_free(struct gad_senders *s);
GAD_DEFINE_CLEANUP(struct gad_senders, gad_senders_free);

/**
 * gad_senders_right() - a packet has a right sum
 * @t:       its addresses
 * @link:    the link-layer address of its sender, 0: it has no address
 * @offload: whether it is evidence against offload
 */
void gad_senders_right(struct gad_senders *s, const struct gad_tuple *t, uint64_t link,
                       enum gad_sum_class c, bool offload);

/* A packet has a wrong sum: has its sender shown right ones? @offload: whether offload leaves such
 * a sum. */
bool gad_senders_knows_better(struct gad_senders *s, const struct gad_tuple *t, uint64_t link,
                              enum gad_sum_class c, bool offload);
