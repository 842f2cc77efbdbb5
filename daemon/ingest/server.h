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

/* The scorer must have stopped: its jobs are taken back unanswered. */
void server_free(struct server *s);
GAD_DEFINE_CLEANUP(struct server, server_free);
