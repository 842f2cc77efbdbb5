/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Packets of a session as the frames that the tap sees: Ethernet, tags, IP, TCP or UDP, with valid
 * checksums. */

#include <stddef.h>
#include <stdint.h>

#include "tools/ganad-traffic/session.h"

enum {
    FRAME_HEAD = 14 + 8 + 40 + 40, /* Ethernet, two tags, IPv6, TCP with 20 bytes of options */
    FRAME_MAX = FRAME_HEAD + 1500,
    FRAME_FRAGMENT = 1480, /* IP payload of a full fragment */
};

/* Writes at most FRAME_MAX bytes. Returns how many. Advances the IP ids and timestamps of the
 * connection. */
size_t frame_build(const struct session *s, const struct packet *p, uint8_t *out);

/* Bytes of the TCP options of a segment. */
uint8_t frame_option_len(uint8_t os, uint8_t flags);

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

/*
 * UDP and ICMP. A UDP exchange is one connection until it is idle for 60 s; an ICMP message is a
 * connection of its own. A datagram larger than a frame is sent in fragments, and its time is that
 * of the last one.
 */

struct conn *udp_new(struct session *s, const struct endpoint *orig, const struct endpoint *resp);

/* Sends a datagram at the time of the session: the text, then @fill bytes of binary filler. */
void udp_send(struct session *s, struct conn *c, enum side from, const void *text, size_t len,
              size_t fill);

/* @from answers: advances the clock of the session by the round trip and @think_us in the mean. */
void udp_turn(struct session *s, const struct conn *c, enum side from, uint64_t think_us);

/* Sends an echo request (type 8) or reply (0) with @len bytes after the header. IPv6 uses its own
 * types. */
void icmp_echo(struct session *s, const struct endpoint *from, const struct endpoint *to,
               uint8_t type, uint32_t id_seq, size_t len);

/* Sends an error (types 3, 11) about the datagram p .. p + len that @to sent to @about. IPv4
 * only. */
void icmp_error(struct session *s, const struct endpoint *from, const struct endpoint *to,
                uint8_t type, uint8_t code, const struct endpoint *about, uint8_t proto,
                const uint8_t *p, size_t len);

/* Sends one fragment of the datagram @id: len bytes of text from @text_at, at @offset. */
void fragment(struct session *s, struct conn *c, enum side from, uint16_t id, uint32_t text_at,
              uint32_t offset, size_t len, bool more);

enum { UDP_HEADER = 8 };

/* Writes the header of a payload of len bytes, which is at datagram + UDP_HEADER already. */
void udp_build(uint8_t *datagram, const struct endpoint *from, const struct endpoint *to,
               size_t len);
