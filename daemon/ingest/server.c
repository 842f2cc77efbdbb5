/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/ingest/server.h"

#include <event2/util.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/config/config.h"
#include "daemon/ingest/arena.h"
#include "daemon/ingest/assign.h"
#include "daemon/ingest/conn.h"
#include "daemon/ingest/decode.h"
#include "daemon/ingest/listen.h"
#include "daemon/ingest/peers.h"
#include "daemon/ingest/reply.h"
#include "daemon/ingest/tls_door.h"
#include "daemon/ingest/tls_stream.h"
#include "daemon/log.h"
#include "daemon/log_limit.h"
#include "daemon/score/job.h"
#include "daemon/score/models.h"
#include "daemon/score/scorer.h"
#include "daemon/socket_group.h"
#include "daemon/stats.h"
#include "daemon/watch.h"
#include "lib/base/diag.h"
#include "lib/base/ring.h"
#include "proto/ganad.pb-c.h"

struct listener;

struct client {
    struct conn conn; /* first: each conn here is a client */
    struct server *server;
    struct peer *peer;  /* held; NULL: not by TLS, or refused */
    bool is_refused;    /* by TLS; the connection only carries the reason */
    uint64_t in_flight; /* requests */
    size_t records;     /* of the requests in flight */
    bool touched;       /* has answers that were not sent yet; is in server.touched */
    TAILQ_ENTRY(client) all, touch;
};

TAILQ_HEAD(client_list, client);

struct server {
    struct server_options o;
    struct listener *unix_listener, *tcp_listener;
    struct tls_door *tls; /* NULL: not configured */
    size_t n_local;       /* clients that are not by TLS */
    size_t n_refused;     /* clients that are refused */
    struct conn_kind kind;
    struct job_pool *pool;
    struct arena decode_arena, reply_arena;
    struct decoder decoder;
    struct client_list clients, dead, touched;
    struct watch *done, *again, *reaper, *pusher, *pacer;
    /* Jobs that were decoded in this turn of the loop and were not passed to the scorer yet. */
    void *pending[JOBS_MAX];
    size_t n_pending;
    struct log_limit refused;
    bool starved; /* reading from a client paused for want of jobs */
    bool stopping;
};

static inline struct client *client_of(const struct conn *c)
{
    return (struct client *)(uintptr_t)c;
}

enum {
    CLIENT_RECORDS =
        8192, /* in flight at which reading from a client pauses: about 20 ms of scoring */
    DRAIN_RECORDS = 1024, /* answered in one turn of the loop: about 6 ms if each raises an alert */
};

static size_t frame_cap(uint8_t kind, const void *arg)
{
    const struct conn *c = arg;

    if (kind == GANAD__V1__KIND__SCORE_REQUEST)
        return SCORE_FRAME_MAX;
    if (kind == GANAD__V1__KIND__PACKED_REQUEST)
        return client_of(c)->server->o.config->scoring.packed_frame_max;
    return 0;
}

enum { PACE_MIN_NS = 10000000 /* between two looks at clients that exceeded their rate */ };

/* The limits of a client of TLS, over all its connections. */
static bool is_peer_ready(struct server *s, struct peer *p)
{
    struct gad_time wait = peer_wait(p, gad_time_monotonic());

    if (wait.ns == 0 && peer_has_room(p))
        return true;
    p->waits++;
    if (wait.ns > 0 && !watch_is_on(s->pacer))
        watch_after(s->pacer, (struct gad_time){wait.ns > PACE_MIN_NS ? wait.ns : PACE_MIN_NS});
    return false;
}

static bool is_ready(struct conn *c)
{
    struct client *client = client_of(c);
    struct server *s = client->server;

    if (client->peer && !is_peer_ready(s, client->peer)) {
        s->starved = true;
        return false;
    }
    if (client->in_flight < s->o.config->scoring.in_flight && client->records < CLIENT_RECORDS &&
        !job_pool_is_empty(s->pool))
        return true;
    s->starved = true;
    return false;
}

static bool owes(const struct conn *c)
{
    return client_of(c)->in_flight > 0;
}

static void take_frame(struct conn *c, const struct gad_frame *f)
{
    struct client *client = client_of(c);
    struct server *s = client->server;
    struct stats *st = s->o.stats;
    struct job *j = job_get(s->pool);

    gad_assert(j); /* is_ready() was true */
    st->jobs = job_pool_in_use(s->pool);
    st->frames_in++;
    enum decode_result r = decode_request(&s->decoder, f, j);
    if (r == DECODE_FATAL) {
        st->frames_bad++;
        conn_fail(c, j->id, j->error, j->text);
        job_put(s->pool, j);
        return;
    }
    if (r == DECODE_REFUSED) {
        st->requests_refused++;
        st->records_bad += j->error == GANAD__V1__ERROR_REPLY__CODE__BAD_RECORD;
    }
    st->records_in += j->n;
    j->begun = gad_time_monotonic();
    j->client = client;
    if (client->peer) {
        j->client_name = client->peer->name;
        peer_take(client->peer, j->n, j->begun);
    }
    client->in_flight++;
    client->records += j->n;
    if (s->n_pending == 0)
        watch_soon(s->pusher);
    s->pending[s->n_pending++] = j; /* fits: there is a place for each job */
}

/*
 * Runs after the last client of this turn of the loop, so that the scorer is woken once for all
 * their jobs. Woken for the first job, it would take the core from the main loop and find only that
 * job.
 */
static void push_event(void *arg)
{
    struct server *s = arg;

    scorer_push(s->o.scorer, s->pending, s->n_pending);
    s->n_pending = 0;
}

static void count(struct server *s, const struct job *j)
{
    struct stats *st = s->o.stats;

    if (j->begun.ns > 0)
        histogram_add(&st->latency, gad_time_seconds(gad_time_sub(gad_time_monotonic(), j->begun)));

    st->batches += j->begins_batch;
    st->unknown_names += j->n_unknown;
    st->memo_hits += j->n_found;
    st->memo_misses += j->n_computed;
    if (!j->error) {
        st->records_scored += job_n_scored(j);
        st->records_unscored += j->n_unscored;
        st->records_anomalous += j->n_anomalous;
        assign_count(j);
    }
}

/* A job is back from the scorer: counts it, answers it and returns it to the pool. */
static void finish(struct server *s, struct job *j)
{
    struct client *c = j->client;

    count(s, j);
    if (!j->error)
        s->o.scored(s->o.arg, j);
    if (!c) {
        s->o.returned(s->o.arg, j);
        return;
    }
    c->in_flight--;
    c->records -= j->n;
    if (c->peer)
        peer_give_back(c->peer, j->n);
    if (c->conn.state != CONN_CLOSED) {
        if (reply_job(j, &s->reply_arena, &c->conn.out) != 0) {
            log_warn("scoring", "no memory for an answer, closing the connection");
            conn_close(&c->conn);
        }
    } else if (c->in_flight == 0) {
        watch_soon(s->reaper);
    }
    if (!c->touched) {
        c->touched = true;
        TAILQ_INSERT_TAIL(&s->touched, c, touch);
    }
    job_put(s->pool, j);
    s->o.stats->jobs = job_pool_in_use(s->pool);
}

static void send_answers(struct server *s)
{
    struct client *c;

    while ((c = TAILQ_FIRST(&s->touched)) != NULL) {
        TAILQ_REMOVE(&s->touched, c, touch);
        c->touched = false;
        if (c->conn.state != CONN_CLOSED)
            conn_send(&c->conn);
    }
}

/* Resumes clients that waited for jobs, starting with another client each time. */
static void wake_starved(struct server *s)
{
    struct client *c = TAILQ_FIRST(&s->clients), *next;

    if (!s->starved || !c)
        return;
    s->starved = false;
    TAILQ_REMOVE(&s->clients, c, all);
    TAILQ_INSERT_TAIL(&s->clients, c, all);
    for (c = TAILQ_FIRST(&s->clients); c; c = next) {
        next = TAILQ_NEXT(c, all);
        conn_kick(&c->conn);
    }
}

static void pace_event(void *arg)
{
    wake_starved(arg);
}

/* Answers finished jobs; returns false if it left some for the next turn of the loop. */
static bool drain(struct server *s)
{
    struct job *j = NULL;
    size_t records = 0;

    while (records < DRAIN_RECORDS && (j = gad_ring_pop(scorer_done(s->o.scorer))) != NULL) {
        records += j->n;
        finish(s, j);
    }
    send_answers(s);
    s->o.drained(s->o.arg);
    wake_starved(s);
    return j == NULL;
}

static void done_event(void *arg)
{
    struct server *s = arg;

    gad_ring_disarm_items(scorer_done(s->o.scorer));
    /* Not at once: the loop's other events come first. */
    if (!drain(s) || gad_ring_arm_items(scorer_done(s->o.scorer)))
        watch_after(s->again, (struct gad_time){0});
}

enum {
    REPLY_SCRATCH = 4 << 20, /* holds JOB_REASONS_MAX features and their texts */
    REFUSED_MAX = 32,
    OUT_SLACK = 16 << 20, /* for answers in flight when a client's output is full */
};

static void closed(struct conn *c)
{
    struct client *client = client_of(c);
    struct server *s = client->server;

    s->o.stats->clients--;
    s->n_refused -= client->is_refused;
    s->n_local -= !client->peer && !client->is_refused;
    if (client->peer)
        client->peer->connections--;
    TAILQ_REMOVE(&s->clients, client, all);
    TAILQ_INSERT_TAIL(&s->dead, client, all);
    watch_soon(s->reaper);
}

static void free_client(struct client *c)
{
    if (c->peer)
        peer_drop(c->peer);
    gad_free(c);
}

/* Frees clients that are closed and that no job refers to any more. */
static void reap(void *arg)
{
    struct server *s = arg;
    struct client *c = TAILQ_FIRST(&s->dead);

    while (c) {
        struct client *next = TAILQ_NEXT(c, all);
        if (c->in_flight == 0 && !c->touched) {
            TAILQ_REMOVE(&s->dead, c, all);
            free_client(c);
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
        log_warn("scoring", "refused client %s: %s%s", conn_peer(fd, who), why, more);
    if (reply_error(0, GANAD__V1__ERROR_REPLY__CODE__BUSY, "too many clients", &b) == 0)
        (void)send(fd, b.p, b.len, MSG_NOSIGNAL);
    gad_buf_deinit(&b);
    (void)close(fd);
}

/* Owns @fd and @tls if it succeeds; returns NULL if memory is short. */
static struct client *add_client(struct server *s, int fd, struct tls_stream *tls)
{
    struct client *c = gad_calloc(1, sizeof(*c));

    if (!c || conn_open(&c->conn, &s->kind, fd, tls) != 0) {
        gad_free(c);
        return NULL;
    }
    c->server = s;
    TAILQ_INSERT_TAIL(&s->clients, c, all);
    s->o.stats->clients++;
    return c;
}

static void accepted(void *arg, int fd)
{
    struct server *s = arg;

    if (s->n_local >= s->o.config->scoring.max_clients) {
        refuse_busy(s, fd, "max_clients is reached");
        return;
    }
    if (!add_client(s, fd, NULL)) {
        refuse_busy(s, fd, "no memory");
        return;
    }
    s->n_local++;
    s->o.stats->clients_accepted++;
}

static void drop_tls(int fd, struct tls_stream *tls)
{
    tls_stream_free(tls);
    (void)close(fd);
}

static void enter(void *arg, int fd, struct tls_stream *tls, struct peer *peer)
{
    struct server *s = arg;
    struct client *c = add_client(s, fd, tls);

    if (!c) {
        s->o.stats->clients_refused++;
        drop_tls(fd, tls);
        return;
    }
    log_debug("scoring", "client %d is '%s', %s", fd, peer->name, tls_stream_version(tls));
    c->peer = peer;
    peer_hold(peer);
    peer->connections++;
    peer->accepted++;
    s->o.stats->clients_accepted++;
}

/* Sends the reason. Few of these wait at a time for their peer to read it. */
static void refuse(void *arg, int fd, struct tls_stream *tls, int code, const char *text)
{
    struct server *s = arg;
    bool is_full = s->n_refused >= REFUSED_MAX;
    struct client *c = is_full ? NULL : add_client(s, fd, tls);

    if (!c) {
        drop_tls(fd, tls);
        return;
    }
    c->is_refused = true;
    s->n_refused++;
    conn_fail(&c->conn, 0, code, text);
}

static int open_sockets(struct server *s, struct gad_diag *d)
{
    const struct config *c = s->o.config;
    int r = 0;

    if (*c->scoring.unix_path)
        r = listener_new(s->o.base, c->scoring.unix_path, c->scoring.mode, LISTENER_PER_SECOND,
                         accepted, s, &s->unix_listener, d);
    if (r == 0 && *c->scoring.unix_path)
        r = socket_group_set("scoring", c->scoring.group, c->scoring.unix_path, d);
    if (r == 0 && *c->scoring.tcp)
        r = listener_new(s->o.base, c->scoring.tcp, 0, LISTENER_PER_SECOND, accepted, s,
                         &s->tcp_listener, d);
    const struct tls_door_options tls = {.base = s->o.base,
                                         .config = c,
                                         .stats = s->o.stats,
                                         .enter = enter,
                                         .refuse = refuse,
                                         .arg = s};
    return r == 0 && *c->scoring.tls ? tls_door_new(&tls, &s->tls, d) : r;
}

static struct conn_kind scoring_kind(struct server *s)
{
    const struct config *c = s->o.config;
    struct stats *st = s->o.stats;
    uint64_t packed = c->scoring.packed_frame_max;

    return (struct conn_kind){
        .token = "scoring",
        .base = s->o.base,
        .cap = frame_cap,
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
        .ready = is_ready,
        .frame = take_frame,
        .owes = owes,
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
    s->done = watch_reader(o->base, gad_ring_items_fd(scorer_done(o->scorer)), done_event, s);
    s->again = watch_timer(o->base, done_event, s);
    s->reaper = watch_timer(o->base, reap, s);
    s->pusher = watch_timer(o->base, push_event, s);
    s->pacer = watch_timer(o->base, pace_event, s);
    if (!s->pacer || !s->kind.scratch || !s->done || !s->again || !s->reaper || !s->pusher ||
        job_pool_new(o->config->scoring.job_memory, &s->pool) != 0 ||
        arena_init(&s->decode_arena, o->config->scoring.client_memory) != 0 ||
        arena_init(&s->reply_arena, REPLY_SCRATCH) != 0)
        return gad_fail(d, GAD_ENOMEM, "scoring: no memory");
    s->decoder = (struct decoder){&s->decode_arena, s->pool, o->models};
    int r = open_sockets(s, d);
    if (r != 0)
        return r;
    if (gad_ring_arm_items(scorer_done(o->scorer)))
        watch_soon(s->done);
    *ret = gad_steal(&s);
    return 0;
}

static void close_listeners(struct server *s)
{
    listener_free(s->unix_listener);
    listener_free(s->tcp_listener);
    s->unix_listener = s->tcp_listener = NULL;
    tls_door_close(s->tls);
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
    watch_soon(s->reaper);
}

/* Ends the connections of clients that are not configured any more. */
static void end_removed(struct server *s)
{
    struct client *c, *next;

    for (c = TAILQ_FIRST(&s->clients); c; c = next) {
        next = TAILQ_NEXT(c, all);
        if (c->peer && !c->peer->is_configured)
            conn_fail(&c->conn, 0, GANAD__V1__ERROR_REPLY__CODE__UNKNOWN_CLIENT,
                      "the configuration has this client no longer");
    }
}

int server_configure(struct server *s, const struct config *c, struct gad_diag *d)
{
    int r = s->tls ? peers_configure(tls_door_peers(s->tls), c, d) : 0;

    if (r == 0)
        end_removed(s);
    if (r == 0)
        watch_soon(s->pacer); /* limits may be higher */
    return r;
}

int server_renewal_read(struct server *s, struct gad_diag *d)
{
    return s->tls ? tls_door_renewal_read(s->tls, d) : 0;
}

void server_renewal_put(struct server *s, tls_renewal_fn *fn, void *arg)
{
    if (s->tls)
        tls_door_renewal_put(s->tls, fn, arg);
}

const struct peer *server_peer(const struct server *s, size_t i)
{
    return s->tls ? peers_at(tls_door_peers(s->tls), i) : NULL;
}

static void take_back(struct server *s, struct job *j)
{
    if (!j->client) {
        s->o.returned(s->o.arg, j);
        return;
    }
    j->client->in_flight--;
    if (j->client->peer)
        peer_give_back(j->client->peer, j->n);
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
        free_client(c);
    }
    tls_door_free(s->tls);
    watch_free(s->pacer);
    watch_free(s->done);
    watch_free(s->again);
    watch_free(s->reaper);
    watch_free(s->pusher);
    job_pool_free(s->pool);
    arena_deinit(&s->decode_arena);
    arena_deinit(&s->reply_arena);
    gad_free(s->kind.scratch);
    gad_free(s);
}
