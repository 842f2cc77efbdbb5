/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The tables: kinds of normal sessions with their frequencies, and attacks, each a campaign of
 * several steps with one session per step. A new kind is a function and a line in kinds[], a new
 * attack one in attacks[].
 */

#include <stddef.h>
#include <stdint.h>

#include "tools/ganad-traffic/session.h"

struct kind {
    const char *name;
    uint32_t weight; /* sessions of this kind per 1,000, approximately */
    const char *what;
    void (*make)(struct session *s);
};

extern const struct kind kinds[];
extern const size_t n_kinds;

/* The state that the steps of a running attack share. */
struct campaign {
    struct endpoint attacker, victim;
    uint32_t step, n_steps;
    uint32_t mood; /* drawn once */
};

struct attack {
    const char *name; /* the label, in KDD99's terms */
    uint32_t n_steps; /* the default */
    uint32_t gap;     /* mean us between steps */
    const char *what; /* of one step */
    void (*make)(struct session *s, struct campaign *c);
};

extern const struct attack attacks[];
extern const size_t n_attacks;

/* sessions.c */
void attack_mailbomb(struct session *s, struct campaign *c);

/* sessions_net.c */
void session_dns(struct session *s);
void session_dns_tcp(struct session *s);
void session_ntp(struct session *s);
void session_snmp(struct session *s);
void session_nfs(struct session *s);
void session_ping(struct session *s);
void session_unreachable(struct session *s);
void session_refused(struct session *s);
void session_dead(struct session *s);
void session_reset(struct session *s);
void session_half_closed(struct session *s);
void session_left_open(struct session *s);
void session_keepalive(struct session *s);
void session_reuse(struct session *s);
void session_lossy(struct session *s);
void session_middle(struct session *s);
