/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A TCP connection written as a script: who says what, in turn. Segmentation, acknowledgements (every second segment,
 * a lone one after 40 ms, or with the answer), a growing window and the accidents of struct noise come of it.
 * The clock of the session moves on: after a call it stands at the last packet of whoever spoke, and who answers is
 * seen one way there and back later.
 *
 * Every connection has one beginning and one end from below; the end sets the truth's flag.
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

enum tcp_os { TCP_OS_TIMESTAMPS, TCP_OS_PLAIN, TCP_OS_OLD, TCP_N_OS }; /* by the options they use */

/* Without a packet yet. */
struct conn *tcp_new(struct session *s, const struct endpoint *orig, const struct endpoint *resp);

/* The handshake of three. */
struct conn *tcp_open(struct session *s, const struct endpoint *orig, const struct endpoint *resp);

/* @from says text, and behind it so many bytes of filler, of text or binary. */
enum tcp_filler { TCP_TEXT, TCP_BINARY };
void tcp_send(struct session *s, struct conn *c, enum side from, const void *text, size_t len,
              size_t fill, enum tcp_filler pool);

/* At most 1,000 bytes. */
void tcp_say(struct session *s, struct conn *c, enum side from, const char *fmt, ...)
    __attribute__((__format__(__printf__, 4, 5)));

/* The originator types a line, key by key, and return; @echo: the responder sends each key back. */
void tcp_type(struct session *s, struct conn *c, const char *line, bool echo);

/* Data with the URG flag. */
void tcp_urgent(struct session *s, struct conn *c, enum side from, const void *text, size_t len);

/* A segment without data, at the session's time; for the odd ends and scans. @flags as they are. */
struct packet *tcp_bare(struct session *s, struct conn *c, enum side from, uint8_t flags);

/* One byte before the next, or none, acknowledged: RFC 9293 section 3.8.4. */
void tcp_keepalive(struct session *s, struct conn *c, enum side from);

/* Acknowledgements that are due before t; all: whatever is owed. */
void tcp_settle(struct session *s, struct conn *c, int64_t t);
void tcp_settle_all(struct session *s, struct conn *c);

/* The ends. */
void tcp_close(struct session *s, struct conn *c, enum side first);      /* SF */
void tcp_half_close(struct session *s, struct conn *c, enum side first); /* S2, S3 */
void tcp_reset(struct session *s, struct conn *c, enum side from);       /* RSTO, RSTR */
void tcp_leave_open(struct session *s, struct conn *c);                  /* S1 */
void tcp_refused(struct session *s, struct conn *c);                     /* REJ */
void tcp_unanswered(struct session *s, struct conn *c, int retries);     /* S0; retries <= 2 */
void tcp_given_up(struct session *s, struct conn *c, uint8_t flags);     /* FIN: SH, RST: RSTOS0 */
