/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The scoring server: listeners, clients, and the path of their jobs to the scorer and back.
 * Reading from a client pauses while it has enough requests in flight, or does not take its
 * answers. When the jobs run out, reading from all clients pauses. Answers leave in the order of
 * the requests.
 *
 * Thread: main.
 */

#include <stddef.h>

#include "daemon/tls_files.h"
#include "lib/base/err.h"
#include "lib/base/mem.h"

struct config;
struct event_base;
struct gad_diag;
struct job;
struct models;
struct peer;
struct scorer;
struct server;
struct stats;

struct server_options {
    struct event_base *base;
    const struct config *config;
    struct models *models;
    struct scorer *scorer;
    struct stats *stats;
    /* A job with scores is back, and is about to be answered. */
    void (*scored)(void *arg, const struct job *j);
    /* A job without a client is back and has been counted; the callee owns it. */
    void (*returned)(void *arg, struct job *j);
    /* No more jobs are back for now. */
    void (*drained)(void *arg);
    /* After server_stop(): the last client is disconnected. */
    void (*stopped)(void *arg);
    void *arg;
};

/* Opens the sockets. Everything in @o must outlive the server. */
int server_new(const struct server_options *o, struct server **ret,
               struct gad_diag *d) GAD_MUST_CHECK;

/*
 * Accepts no more requests, answers those that it accepted, and sends the clients a shutdown error;
 * then calls stopped().
 */
void server_stop(struct server *s);

/*
 * Applies the [client] sections of another configuration: limits at once; connections of clients
 * that it lacks end. On an error nothing has changed.
 */
int server_configure(struct server *s, const struct config *c, struct gad_diag *d) GAD_MUST_CHECK;

/* Certificates and keys of [scoring] tls that were renewed, as daemon/ingest/tls_door.h. */
int server_renewal_read(struct server *s, struct gad_diag *d) GAD_MUST_CHECK;
void server_renewal_put(struct server *s, tls_renewal_fn *fn, void *arg);

/* The clients that TLS identifies, as daemon/ingest/peers.h; NULL: there are no more. */
const struct peer *server_peer(const struct server *s, size_t i);

/* The scorer must have stopped: its jobs are taken back unanswered. */
void server_free(struct server *s);
GAD_DEFINE_CLEANUP(struct server, server_free);
