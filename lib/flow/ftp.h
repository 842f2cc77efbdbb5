/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Pairs of hosts with an FTP session that is logged in: in KDD99, the data connections between them
 * are logged in too. Memory is bounded: when it is full, the pair longest unused is evicted. Which
 * pair that is does not depend on the secret of the hash, so the same packets always give the same
 * records.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/lru.h"
#include "lib/flow/index.h"

struct gad_ftp_session {
    uint32_t flow;  /* of the latest control connection; 0: it has ended */
    bool logged_in; /* in one that has ended */
};

enum { GAD_FTP_SESSIONS = 4096 };

struct gad_ftp_sessions {
    struct gad_lru *by_hosts;
    struct gad_ftp_session *sessions; /* (GAD_FTP_SESSIONS + 1), by slot */
};

int gad_ftp_sessions_init(struct gad_ftp_sessions *f,
                          const struct gad_flow_secret *secret) GAD_MUST_CHECK;
void gad_ftp_sessions_deinit(struct gad_ftp_sessions *f);

/* Returns the session between the two hosts of a flow and marks it as used; NULL: there is no
 * session. */
struct gad_ftp_session *gad_ftp_find(struct gad_ftp_sessions *f, const struct gad_flow_key *key);

/* The same, but creates a missing session. */
struct gad_ftp_session *gad_ftp_get(struct gad_ftp_sessions *f, const struct gad_flow_key *key);
