/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which pairs of hosts have an FTP session that is logged in: the data connections between them are, too, as
 * KDD99 has it. A bounded memory: of four pairs that fall into the same set, the one longest unused is forgotten.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/flow/key.h"

struct gad_ftp_session {
    uint64_t a[2], b[2]; /* hosts, as in the key of a flow */
    uint64_t used;       /* when, counted in uses; 0: free */
    uint32_t flow;       /* of the latest control connection; 0: it is over */
    bool logged_in;      /* in one that is over */
};

struct gad_ftp_sessions {
    struct gad_ftp_session *entries;
    uint64_t uses;
};

int gad_ftp_sessions_init(struct gad_ftp_sessions *f) GAD_MUST_CHECK;
void gad_ftp_sessions_deinit(struct gad_ftp_sessions *f);

/* That of the two hosts; NULL: none. */
struct gad_ftp_session *gad_ftp_find(struct gad_ftp_sessions *f, const struct gad_flow_key *key,
                                     const struct gad_flow_secret *secret);

/* The same, made if there is none. */
struct gad_ftp_session *gad_ftp_get(struct gad_ftp_sessions *f, const struct gad_flow_key *key,
                                    const struct gad_flow_secret *secret);
