/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A packet of a session as the frame that the tap sees: Ethernet, tags, IP, TCP or UDP, valid checksums. */

#include <stddef.h>
#include <stdint.h>

#include "tools/ganad-traffic/session.h"

enum {
    FRAME_HEAD = 14 + 8 + 40 + 40, /* Ethernet, two tags, IPv6, TCP with 20 bytes of options */
    FRAME_MAX = FRAME_HEAD + 1500,
    FRAME_FRAGMENT = 1480, /* IP payload of a full fragment */
};

/* Writes at most FRAME_MAX bytes. Returns how many. Counts IP ids and timestamps on in the connection. */
size_t frame_build(const struct session *s, const struct packet *p, uint8_t *out);

/* Bytes that the options of a segment take, for the segment's payload. */
uint8_t frame_option_len(uint8_t os, uint8_t flags);

/* Internet checksum (RFC 1071) of an upper protocol's message with its pseudo header; its field is zero. */
uint16_t frame_checksum(const struct endpoint *from, const struct endpoint *to, uint8_t proto,
                        const uint8_t *p, size_t len);

/* The same without a pseudo header, for IPv4 headers and ICMP. */
uint16_t frame_plain_checksum(const uint8_t *p, size_t len);

/* An IPv4 header without options; what ICMP errors quote needs one too. Returns its 20 bytes. */
size_t frame_ipv4(uint8_t *out, const struct endpoint *from, const struct endpoint *to,
                  uint8_t proto, uint16_t id, uint16_t fragment, size_t payload);

static inline uint8_t *frame_put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
    return p + 2;
}

static inline uint8_t *frame_put32(uint8_t *p, uint32_t v)
{
    return frame_put16(frame_put16(p, v >> 16), v);
}
