/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The scoring clients that certificates identify, with their limits, what they use of them, and
 * their counters. The limits of a client apply to all its connections together, so that no client
 * can take the share of another.
 *
 * Thread: main.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/config/config.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"
#include "lib/base/time.h"

struct gad_diag;
struct peers;
struct tls_stream;

struct peer {
    char name[CONFIG_NAME_MAX + 1];                             /* of [client NAME] */
    bool is_configured;                                         /* if not, its connections end */
    uint64_t max_connections, max_in_flight, max_records, rate; /* limits, as configured */
    uint64_t held; /* number of peer_hold() without peer_drop() */
    uint64_t connections, in_flight, records_in_flight; /* now */
    struct gad_time paid; /* monotonic: the time at which its records conform to rate */
    /* counters since the start */
    uint64_t accepted, refused, requests, records, waits;
};

/* The clients of a configuration. */
int peers_new(const struct config *c, struct peers **ret, struct gad_diag *d) GAD_MUST_CHECK;
void peers_free(struct peers *p);
GAD_DEFINE_CLEANUP(struct peers, peers_free);

/*
 * Applies the clients of another configuration: those of the same name keep what they use and
 * their counters. On an error nothing has changed.
 */
int peers_configure(struct peers *p, const struct config *c, struct gad_diag *d) GAD_MUST_CHECK;

enum { PEER_SEEN = 300 };

/**
 * peers_identify() - finds the client that the certificate of a connection names
 * @ret: unchanged unless the result is 0
 * @seen: receives the names of the certificate for a log line, as far as they fit, escaped
 *
 * Returns 0; GAD_EUNKNOWN: no client has one of its names; GAD_EMISMATCH: it has names of different
 * clients.
 */
int peers_identify(const struct peers *p, const struct tls_stream *tls, struct peer **ret,
                   char seen[static PEER_SEEN]) GAD_MUST_CHECK;

/* The configured clients in their order; NULL: there are no more. */
const struct peer *peers_at(const struct peers *p, size_t i);

/* A connection refers to the client until peer_drop(), which may free it. */
void peer_hold(struct peer *p);
void peer_drop(struct peer *p);

/* How long the client has to wait for its rate until a request may be taken; 0: not at all. */
struct gad_time peer_wait(const struct peer *p, struct gad_time now);
/* Whether its requests and records in flight are below their limits. */
bool peer_has_room(const struct peer *p);

/* A request with n records was taken, and was answered. */
void peer_take(struct peer *p, size_t n, struct gad_time now);
void peer_give_back(struct peer *p, size_t n);
