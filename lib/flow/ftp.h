/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * FTP sessions by pair of hosts, and the data connections that they announced.
 *
 * In KDD99, the data connections between two hosts are logged in if their session is. An announced
 * endpoint (PORT, EPRT, 227, 229) names one connection of the same two hosts: to that port, within
 * GAD_FTP_WAIT_S. A control connection has one endpoint at a time; the next replaces it.
 *
 * Memory is bounded: when it is full, the pair longest unused is evicted. Which pair that is does
 * not depend on the secret of the hash, so the same packets always give the same records.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/lru.h"
#include "lib/flow/index.h"

enum {
    GAD_FTP_SESSIONS = 4096,
    GAD_FTP_EXPECTED = 8, /* announced endpoints of a pair; the oldest makes room */
    GAD_FTP_WAIT_S = 60,
    GAD_FTP_PORT_COUNTS = 1024, /* ports with the same remainder share a count */
};

/* A data connection that is expected. */
struct gad_ftp_expected {
    uint64_t control; /* id of the flow that announced it; 0: free */
    int64_t until;    /* table clock, ns */
    uint16_t port;    /* where one of the two hosts listens */
    bool at_b;        /* that host is endpoint b of the key, or a */
};

struct gad_ftp_session {
    uint32_t flow;    /* of the latest control connection; 0: it has ended */
    uint32_t n_live;  /* control connections that have not ended */
    bool logged_in;   /* in one that has ended, or at an announcement */
    bool server_is_b; /* of the latest control connection */
    struct gad_ftp_expected expected[GAD_FTP_EXPECTED];
};

struct gad_ftp_sessions {
    struct gad_lru *by_hosts;
    struct gad_ftp_session *sessions;         /* (GAD_FTP_SESSIONS + 1), by slot */
    uint16_t n_expected[GAD_FTP_PORT_COUNTS]; /* so that a flood seldom needs a look-up */
    uint64_t n_evicted;
};

int gad_ftp_sessions_init(struct gad_ftp_sessions *f,
                          const struct gad_flow_secret *secret) GAD_MUST_CHECK;
void gad_ftp_sessions_deinit(struct gad_ftp_sessions *f);

/* Forgets all, at the end of the input. */
void gad_ftp_sessions_clear(struct gad_ftp_sessions *f);

/* Returns the session between the two hosts of a flow, in its VLAN, and marks it as used; NULL:
 * there is no session. */
struct gad_ftp_session *gad_ftp_find(struct gad_ftp_sessions *f, const struct gad_flow_key *key);

/* The same, but creates a missing session. */
struct gad_ftp_session *gad_ftp_get(struct gad_ftp_sessions *f, const struct gad_flow_key *key);

/* Stores an endpoint of a session. It replaces one of the same control connection, else a free one
 * or the one that expires first. */
void gad_ftp_expect(struct gad_ftp_sessions *f, struct gad_ftp_session *s,
                    const struct gad_ftp_expected *e);

/* Was a connection of these hosts to this port announced and not used yet? If so, it is used
 * now. */
bool gad_ftp_take(struct gad_ftp_sessions *f, const struct gad_flow_key *key, uint16_t port,
                  bool at_b, int64_t now);
