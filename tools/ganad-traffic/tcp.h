/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A TCP connection written as a script of turns. These functions add segmentation, acknowledgements
 * (of every second segment, of a single one after 40 ms, or with the answer), a growing window and
 * the accidents of struct noise. Each call advances the clock of the session to the last packet of
 * the side that spoke; the answer of its peer is seen one round trip later.
 *
 * Every connection has one of the beginnings and one of the ends below; the end sets the flag of
 * the truth.
 */

#include "tools/ganad-traffic/session.h"

enum tcp_flag {
    TCP_FIN = 0x01,
    TCP_SYN = 0x02,
    TCP_RST = 0x04,
    TCP_PSH = 0x08,
    TCP_ACK = 0x10,
    TCP_URG = 0x20,
};

enum tcp_os {
    TCP_OS_TIMESTAMPS,
    TCP_OS_PLAIN,
    TCP_OS_OLD,
    TCP_N_OS
}; /* the options that segments carry */

/* A connection without packets. */
struct conn *tcp_new(struct session *s, const struct endpoint *orig, const struct endpoint *resp);

/* The three-way handshake. */
struct conn *tcp_open(struct session *s, const struct endpoint *orig, const struct endpoint *resp);

/* @from sends text, then @fill bytes of filler, text or binary. */
enum tcp_filler { TCP_TEXT, TCP_BINARY };
void tcp_send(struct session *s, struct conn *c, enum side from, const void *text, size_t len,
              size_t fill, enum tcp_filler pool);

/* Sends formatted text, less than 1,000 bytes. */
void tcp_say(struct session *s, struct conn *c, enum side from, const char *fmt, ...)
    __attribute__((__format__(__printf__, 4, 5)));

/* The originator types a line key by key, and Return; @echo: the responder echoes each key. */
void tcp_type(struct session *s, struct conn *c, const char *line, bool echo);

/* Sends data with the URG flag. */
void tcp_urgent(struct session *s, struct conn *c, enum side from, const void *text, size_t len);

/* A keep-alive with the sequence number before the next, one byte or none, and its acknowledgement:
 * RFC 9293 section 3.8.4. */
void tcp_keepalive(struct session *s, struct conn *c, enum side from);

/* Ends, with the flag that each sets. */
void tcp_close(struct session *s, struct conn *c, enum side first);      /* SF */
void tcp_half_close(struct session *s, struct conn *c, enum side first); /* S2, S3 */
void tcp_reset(struct session *s, struct conn *c, enum side from);       /* RSTO, RSTR */
void tcp_leave_open(struct session *s, struct conn *c);                  /* S1 */
void tcp_refused(struct session *s, struct conn *c);                     /* REJ */
void tcp_unanswered(struct session *s, struct conn *c, int retries);     /* S0; retries <= 2 */
void tcp_given_up(struct session *s, struct conn *c, uint8_t flags);     /* FIN: SH, RST: RSTOS0 */
