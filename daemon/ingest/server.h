/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The scoring server: listeners, clients, and the way of their jobs to the scorer and back. A client whose
 * requests in flight are enough, or who does not take its answers, is not read; when the jobs of all run
 * out nobody is. Answers leave in the order of the requests.
 *
 * Thread: main.
 */

#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/base/mem.h"

struct config;
struct event_base;
struct gad_diag;
struct job;
struct models;
struct scorer;
struct server;
struct stats;

struct server_options {
    struct event_base *base;
    const struct config *config;
    struct models *models;
    struct scorer *scorer;
    struct stats *stats;
    /* A job with scores has come back, and is about to be answered. */
    void (*scored)(void *arg, const struct job *j);
    /* A job without a client has come back, and has been counted; it is the receiver's again. */
    void (*returned)(void *arg, struct job *j);
    /* No more jobs for now. */
    void (*drained)(void *arg);
    /* After server_stop(): the last client is gone. */
    void (*stopped)(void *arg);
    void *arg;
};

/* Opens the sockets. Everything in @o must outlive the server. */
int server_new(const struct server_options *o, struct server **ret,
               struct gad_diag *d) GAD_MUST_CHECK;

/* Takes no more requests, answers those that were taken, tells the clients; then calls stopped(). */
void server_stop(struct server *s);

/* The scorer must have stopped: its jobs are taken back unanswered. */
void server_free(struct server *s);
GAD_DEFINE_CLEANUP(struct server, server_free);
