/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The tables of what there is: kinds of normal sessions, each with how often it comes, and attacks, each a campaign of
 * several steps with one session a step. A new kind is a function and a line in kinds.c.
 */

#include <stddef.h>
#include <stdint.h>

#include "tools/ganad-traffic/session.h"

struct kind {
    const char *name;
    uint32_t weight; /* of 1,000 sessions, about so many */
    const char *what;
    void (*make)(struct session *s);
};

extern const struct kind kinds[];
extern const size_t n_kinds;

/* A running attack: what its steps share. */
struct campaign {
    struct endpoint attacker, victim;
    uint32_t step, n_steps;
    uint32_t mood; /* drawn once */
};

struct attack {
    const char *name; /* the label, in KDD99's terms */
    uint32_t n_steps; /* unless the user says otherwise */
    uint32_t gap;     /* us between steps, in the mean */
    const char *what; /* a step is what */
    void (*make)(struct session *s, struct campaign *c);
};

extern const struct attack attacks[];
extern const size_t n_attacks;

/* session_*.c */
void session_http(struct session *s);
void session_https(struct session *s);
void session_proxy(struct session *s);
void session_dns(struct session *s);
void session_dns_tcp(struct session *s);
void session_smtp(struct session *s);
void session_pop3(struct session *s);
void session_imap(struct session *s);
void session_ftp(struct session *s);
void session_telnet(struct session *s);
void session_rlogin(struct session *s);
void session_rsh(struct session *s);
void session_ssh(struct session *s);
void session_finger(struct session *s);
void session_auth(struct session *s);
void session_time(struct session *s);
void session_irc(struct session *s);
void session_ntp(struct session *s);
void session_snmp(struct session *s);
void session_ping(struct session *s);
void session_unreachable(struct session *s);
void session_nfs(struct session *s);
void session_refused(struct session *s);
void session_dead(struct session *s);
void session_reset(struct session *s);
void session_half_closed(struct session *s);
void session_left_open(struct session *s);
void session_keepalive(struct session *s);
void session_reuse(struct session *s);
void session_lossy(struct session *s);
void session_middle(struct session *s);

/* attack_*.c */
void attack_portsweep(struct session *s, struct campaign *c);
void attack_nmap(struct session *s, struct campaign *c);
void attack_satan(struct session *s, struct campaign *c);
void attack_ipsweep(struct session *s, struct campaign *c);
void attack_neptune(struct session *s, struct campaign *c);
void attack_smurf(struct session *s, struct campaign *c);
void attack_teardrop(struct session *s, struct campaign *c);
void attack_pod(struct session *s, struct campaign *c);
void attack_land(struct session *s, struct campaign *c);
void attack_back(struct session *s, struct campaign *c);
void attack_mailbomb(struct session *s, struct campaign *c);
void attack_guess_passwd(struct session *s, struct campaign *c);
void attack_warezclient(struct session *s, struct campaign *c);
void attack_ftp_write(struct session *s, struct campaign *c);
void attack_buffer_overflow(struct session *s, struct campaign *c);
void attack_phf(struct session *s, struct campaign *c);
