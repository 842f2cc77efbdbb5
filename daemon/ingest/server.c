/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/ingest/server.h"

#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/config/config.h"
#include "daemon/ingest/listen.h"
#include "daemon/ingest/reply.h"
#include "daemon/ingest/server_parts.h"
#include "daemon/log.h"
#include "daemon/score/scorer.h"
#include "daemon/stats.h"
#include "lib/base/diag.h"
#include "lib/base/ring.h"
#include "proto/ganad.pb-c.h"

enum {
    REPLY_SCRATCH = 4 << 20, /* holds JOB_REASONS_MAX reasons and their texts */
    OUT_SLACK = 16 << 20,    /* answers in flight when a client's output is full */
};

static void closed(struct conn *c)
{
    struct client *client = client_of(c);
    struct server *s = client->server;

    s->o.stats->clients--;
    TAILQ_REMOVE(&s->clients, client, all);
    TAILQ_INSERT_TAIL(&s->dead, client, all);
    event_active(s->reaper, 0, 0);
}

/* Frees clients that are closed and that no job points at any more. */
static void reap(evutil_socket_t fd, short what, void *arg)
{
    struct server *s = arg;
    struct client *c = TAILQ_FIRST(&s->dead);
    (void)fd;
    (void)what;

    while (c) {
        struct client *next = TAILQ_NEXT(c, all);
        if (c->in_flight == 0 && !c->touched) {
            TAILQ_REMOVE(&s->dead, c, all);
            gad_free(c);
        }
        c = next;
    }
    if (s->stopping && TAILQ_EMPTY(&s->clients) && TAILQ_EMPTY(&s->dead))
        s->o.stopped(s->o.arg);
}

static void refuse_busy(struct server *s, int fd, const char *why)
{
    struct gad_buf b = GAD_BUF_INIT(1024);
    char who[CONN_PEER_TEXT], more[LOG_LIMIT_TEXT];

    s->o.stats->clients_refused++;
    if (log_limit_allows(&s->refused, gad_time_monotonic(), more))
        log_warn("scoring", "refused a client, %s: %s%s", conn_peer(fd, who), why, more);
    if (reply_error(0, GANAD__V1__ERROR_REPLY__CODE__BUSY, "too many clients", &b) == 0)
        (void)send(fd, b.p, b.len, MSG_NOSIGNAL);
    gad_buf_deinit(&b);
    (void)close(fd);
}

static void accepted(void *arg, int fd)
{
    struct server *s = arg;

    if (s->o.stats->clients >= s->o.config->scoring.max_clients) {
        refuse_busy(s, fd, "there are max_clients");
        return;
    }
    struct client *c = gad_calloc(1, sizeof(*c));
    if (!c || conn_open(&c->conn, &s->kind, fd) != 0) {
        refuse_busy(s, fd, "no memory");
        gad_free(c);
        return;
    }
    c->server = s;
    TAILQ_INSERT_TAIL(&s->clients, c, all);
    s->o.stats->clients++;
    s->o.stats->clients_accepted++;
}

static int open_sockets(struct server *s, struct gad_diag *d)
{
    const struct config *c = s->o.config;
    int r = 0;

    if (*c->scoring.unix_path)
        r = listener_new(s->o.base, c->scoring.unix_path, c->scoring.mode, accepted, s,
                         &s->unix_listener, d);
    if (r == 0 && *c->scoring.tcp)
        r = listener_new(s->o.base, c->scoring.tcp, 0, accepted, s, &s->tcp_listener, d);
    return r;
}

static struct conn_kind scoring_kind(struct server *s)
{
    const struct config *c = s->o.config;
    struct stats *st = s->o.stats;
    uint64_t packed = c->scoring.packed_frame_max;

    return (struct conn_kind){
        .token = "scoring",
        .base = s->o.base,
        .cap = traffic_frame_cap,
        .frame_max = packed > SCORE_FRAME_MAX ? packed : SCORE_FRAME_MAX,
        .out_pause = c->scoring.client_output,
        .out_max = c->scoring.client_output + OUT_SLACK,
        .idle_timeout = c->scoring.idle_timeout,
        .frame_timeout = c->scoring.frame_timeout,
        .scratch = gad_calloc(CONN_READ_MAX, 1),
        .bytes_in = &st->bytes_in,
        .bytes_out = &st->bytes_out,
        .frames_bad = &st->frames_bad,
        .timed_out = &st->clients_timed_out,
        .waits = &st->clients_waits,
        .ready = traffic_is_ready,
        .frame = traffic_take_frame,
        .owes = traffic_owes,
        .closed = closed,
    };
}

int server_new(const struct server_options *o, struct server **ret, struct gad_diag *d)
{
    gad_cleanup(server_freep) struct server *s = gad_calloc(1, sizeof(*s));

    if (!s)
        return gad_fail(d, GAD_ENOMEM, "scoring: no memory");
    s->o = *o;
    s->refused = log_limit_init(gad_time_monotonic());
    TAILQ_INIT(&s->clients);
    TAILQ_INIT(&s->dead);
    TAILQ_INIT(&s->touched);
    s->kind = scoring_kind(s);
    s->done = event_new(o->base, gad_ring_items_fd(scorer_done(o->scorer)), EV_READ | EV_PERSIST,
                        traffic_done, s);
    s->again = event_new(o->base, -1, 0, traffic_done, s);
    s->reaper = event_new(o->base, -1, 0, reap, s);
    s->pusher = event_new(o->base, -1, 0, traffic_push, s);
    if (!s->kind.scratch || !s->done || !s->again || !s->reaper || !s->pusher ||
        event_add(s->done, NULL) != 0 ||
        job_pool_new(o->config->scoring.job_memory, &s->pool) != 0 ||
        arena_init(&s->decode_arena, o->config->scoring.client_memory) != 0 ||
        arena_init(&s->reply_arena, REPLY_SCRATCH) != 0)
        return gad_fail(d, GAD_ENOMEM, "scoring: no memory");
    s->decoder = (struct decoder){&s->decode_arena, s->pool, o->models};
    int r = open_sockets(s, d);
    if (r != 0)
        return r;
    if (gad_ring_arm_items(scorer_done(o->scorer)))
        event_active(s->done, EV_READ, 0);
    *ret = gad_steal(&s);
    return 0;
}

static void close_listeners(struct server *s)
{
    listener_free(s->unix_listener);
    listener_free(s->tcp_listener);
    s->unix_listener = s->tcp_listener = NULL;
}

void server_stop(struct server *s)
{
    struct client *c, *next;

    s->stopping = true;
    close_listeners(s);
    for (c = TAILQ_FIRST(&s->clients); c; c = next) {
        next = TAILQ_NEXT(c, all);
        conn_fail(&c->conn, 0, GANAD__V1__ERROR_REPLY__CODE__SHUTTING_DOWN,
                  "ganadd is shutting down");
    }
    event_active(s->reaper, 0, 0);
}

static void take_back(struct server *s, struct job *j)
{
    if (!j->client) {
        s->o.returned(s->o.arg, j);
        return;
    }
    j->client->in_flight--;
    job_put(s->pool, j);
}

void server_free(struct server *s)
{
    struct client *c;
    struct job *j;

    if (!s)
        return;
    close_listeners(s);
    while (s->n_pending > 0)
        take_back(s, s->pending[--s->n_pending]);
    while (s->pool && (j = scorer_take_back(s->o.scorer)) != NULL)
        take_back(s, j);
    while ((c = TAILQ_FIRST(&s->clients)) != NULL)
        conn_close(&c->conn);
    while ((c = TAILQ_FIRST(&s->dead)) != NULL) {
        TAILQ_REMOVE(&s->dead, c, all);
        gad_free(c);
    }
    if (s->done)
        event_free(s->done);
    if (s->again)
        event_free(s->again);
    if (s->reaper)
        event_free(s->reaper);
    if (s->pusher)
        event_free(s->pusher);
    job_pool_free(s->pool);
    arena_deinit(&s->decode_arena);
    arena_deinit(&s->reply_arena);
    gad_free(s->kind.scratch);
    gad_free(s);
}
