/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Datagrams in fragments. A datagram keeps its first bytes, which assembly.h puts together, and
 * which of its units have arrived. So it becomes a packet with its length, its headers, however
 * small the fragments are, and the start of its content.
 *
 * A fragment is wrong if it overlaps another, ends beyond the end of the datagram or before its
 * farthest byte, or lies beyond 65,535 bytes (ping of death). Where checksums are verified, it is
 * also wrong if its IPv4 header checksum is bad.
 *
 * An exact repetition is not wrong, unless the datagram has a wrong fragment already. A datagram
 * with a wrong fragment waits for its timeout (RFC 5722 discards it): teardrop, which repeats its
 * pair of fragments with the same id, is one datagram with 1, 3, 5 ... wrong fragments. Only a TCP
 * segment is passed on when its bytes are there, because some hosts accept the overlap.
 *
 * If the table or the memory is full, of a few datagrams chosen at random the one is given up whose
 * source, network of the source and destination hold most; among equals, one without progress.
 */

#include "lib/net/walk.h"

struct gad_fragment {
    uint32_t id;
    uint8_t proto; /* protocol of the payload */
    bool is_last, is_bad;
    bool is_unwanted; /* it begins no datagram, but can belong to one */
    size_t offset;    /* bytes */
    size_t header;    /* bytes of IP header that count to the 65,535 of a datagram */
};

int gad_frags_new(const struct gad_decoder_options *opt, struct gad_frags **ret) GAD_MUST_CHECK;
void gad_frags_free(struct gad_frags *t);
GAD_DEFINE_CLEANUP(struct gad_frags, gad_frags_free);

/* w: behind the IP or fragment header and bounded to the fragment; its addresses are set. */
enum gad_net_fate gad_net_fragment(struct gad_walk *w, const struct gad_fragment *f);

bool gad_frags_any(const struct gad_frags *t); /* are there datagrams that can time out? */
void gad_frags_advance(struct gad_decoder *dec, struct gad_time now, gad_packet_fn *fn, void *arg);
void gad_frags_flush(struct gad_decoder *dec, gad_packet_fn *fn, void *arg);
