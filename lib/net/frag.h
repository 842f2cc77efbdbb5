/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Datagrams that come in fragments. None is put together: KDD99 wants to know of one how long it is, what its
 * first fragment holds, and how many of its fragments were wrong. So a datagram keeps the bytes of its first
 * fragment, up to GAD_FRAGMENT_KEEP, and of the others which they were, in units of 8 bytes.
 *
 * Wrong is a fragment that overlaps another, ends beyond the end of the datagram or before its farthest byte,
 * lies beyond 65,535 bytes (ping of death), or has a bad IPv4 header sum where sums are verified. One that repeats
 * another exactly is not, unless the datagram has a wrong one already. A datagram with a wrong fragment is never
 * whole (RFC 5722): teardrop, which repeats its pair of fragments with the same id, is one with 1, 3, 5 ... of them.
 */

#include "lib/net/walk.h"

enum { GAD_FRAGMENT_KEEP = 2048 };

struct gad_fragment {
    uint32_t id;
    uint8_t proto; /* what the datagram holds */
    bool is_last, is_bad;
    size_t offset; /* bytes */
    size_t header; /* bytes of IP header that count to the 65,535 of a datagram */
};

int gad_frags_new(const struct gad_decoder_options *opt, struct gad_frags **ret) GAD_MUST_CHECK;
void gad_frags_free(struct gad_frags *t);
GAD_DEFINE_CLEANUP(struct gad_frags, gad_frags_free);

/* w: behind the IP or fragment header, bounded to the fragment; its addresses are set. */
enum gad_net_fate gad_net_fragment(struct gad_walk *w, const struct gad_fragment *f);

bool gad_frags_any(const struct gad_frags *t); /* is there a datagram whose time could be over? */
void gad_frags_advance(struct gad_decoder *dec, struct gad_time now, gad_packet_fn *fn, void *arg);
void gad_frags_flush(struct gad_decoder *dec, gad_packet_fn *fn, void *arg);
