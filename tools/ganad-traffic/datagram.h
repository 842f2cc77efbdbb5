/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * UDP and ICMP. A UDP exchange is one connection until it is idle for 60 s; an ICMP message is one by itself. What
 * does not fit a frame goes in fragments, and is seen when the last of them is.
 */

#include "tools/ganad-traffic/session.h"

struct conn *udp_new(struct session *s, const struct endpoint *orig, const struct endpoint *resp);

/* A datagram at the session's time; with @fill bytes of binary filler behind the text. */
void udp_send(struct session *s, struct conn *c, enum side from, const void *text, size_t len,
              size_t fill);

/* @resp answers: the session's clock moves on by the way there and back and @think_us in the mean. */
void udp_turn(struct session *s, const struct conn *c, enum side from, uint64_t think_us);

/* Echo request (type 8) or reply (0) with @len bytes after the header. IPv6: its types for the same. */
void icmp_echo(struct session *s, const struct endpoint *from, const struct endpoint *to,
               uint8_t type, uint32_t id_seq, size_t len);

/* An error (types 3, 11) about the datagram p .. p + len that @to had sent to @about. IPv4 only. */
void icmp_error(struct session *s, const struct endpoint *from, const struct endpoint *to,
                uint8_t type, uint8_t code, const struct endpoint *about, uint8_t proto,
                const uint8_t *p, size_t len);

/* One fragment of @c's datagram @id: len bytes of text from @text_at, at @offset. */
void fragment(struct session *s, struct conn *c, enum side from, uint16_t id, uint32_t text_at,
              uint32_t offset, size_t len, bool more);

enum { UDP_HEADER = 8 };

/* The header before a payload of len bytes, which stands at datagram + UDP_HEADER already. */
void udp_build(uint8_t *datagram, const struct endpoint *from, const struct endpoint *to,
               size_t len);
