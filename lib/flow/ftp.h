/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which pairs of hosts have an FTP session that is logged in: the data connections between them are, too, as
 * KDD99 has it. A bounded memory: when it is full the pair longest unused is forgotten, wherever the secret hash puts
 * it, so that the same packets always give the same records.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/flow/key.h"

struct gad_ftp_session {
    uint64_t a[2], b[2];   /* hosts, as in the key of a flow */
    uint16_t next;         /* in its bucket */
    uint16_t older, newer; /* by their last use */
    uint32_t flow;         /* of the latest control connection; 0: it is over */
    bool logged_in;        /* in one that is over */
};

enum { GAD_FTP_SESSIONS = 4096 };

struct gad_ftp_sessions {
    struct gad_ftp_session
        *entries; /* (GAD_FTP_SESSIONS + 1); 0 stands for none, and for both ends of the order */
    uint16_t *bucket; /* (GAD_FTP_SESSIONS) */
    uint16_t n;
};

int gad_ftp_sessions_init(struct gad_ftp_sessions *f) GAD_MUST_CHECK;
void gad_ftp_sessions_deinit(struct gad_ftp_sessions *f);

/* That of the two hosts; NULL: none. */
struct gad_ftp_session *gad_ftp_find(struct gad_ftp_sessions *f, const struct gad_flow_key *key,
                                     const struct gad_flow_secret *secret);

/* The same, made if there is none. */
struct gad_ftp_session *gad_ftp_get(struct gad_ftp_sessions *f, const struct gad_flow_key *key,
                                    const struct gad_flow_secret *secret);
