/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What server.c (sockets, clients, life and end) and traffic.c (requests in, answers out) share. */

#include <event2/util.h>
#include <sys/queue.h>

#include "daemon/ingest/arena.h"
#include "daemon/ingest/conn.h"
#include "daemon/ingest/decode.h"
#include "daemon/ingest/server.h"
#include "daemon/log_limit.h"
#include "daemon/score/job.h"

struct listener;

struct client {
    struct conn conn; /* first: a conn of ours is a client */
    struct server *server;
    uint64_t in_flight; /* requests */
    size_t records;     /* of these */
    bool touched;       /* has answers that were not sent yet */
    TAILQ_ENTRY(client) all, touch;
};

TAILQ_HEAD(client_list, client);

struct server {
    struct server_options o;
    struct listener *unix_listener, *tcp_listener;
    struct conn_kind kind;
    struct job_pool *pool;
    struct arena decode_arena, reply_arena;
    struct decoder decoder;
    struct client_list clients, dead, touched;
    struct event *done, *again, *reaper, *pusher;
    /* Jobs that were decoded in this turn of the loop and are not with the scorer yet. */
    void *pending[JOBS_MAX];
    size_t n_pending;
    struct log_limit refused;
    bool starved; /* a client was not read because jobs were short */
    bool stopping;
};

static inline struct client *client_of(const struct conn *c)
{
    return (struct client *)(uintptr_t)c;
}

/* For struct conn_kind. */
size_t traffic_frame_cap(uint8_t kind, const void *conn);
bool traffic_is_ready(struct conn *c);
bool traffic_owes(const struct conn *c);
void traffic_take_frame(struct conn *c, const struct gad_frame *f);

/* Events, with the server: jobs to hand to the scorer, jobs that are back. */
void traffic_push(evutil_socket_t fd, short what, void *server);
void traffic_done(evutil_socket_t fd, short what, void *server);
