/* SPDX-License-Identifier: Apache-2.0 */
#include <event2/event.h>

#include "daemon/config/config.h"
#include "daemon/ingest/assign.h"
#include "daemon/ingest/reply.h"
#include "daemon/ingest/server_parts.h"
#include "daemon/log.h"
#include "daemon/score/models.h"
#include "daemon/score/scorer.h"
#include "daemon/stats.h"
#include "lib/base/ring.h"
#include "proto/ganad.pb-c.h"

enum {
    CLIENT_RECORDS =
        8192, /* in flight at which a client is read no further: about 20 ms of scoring */
    DRAIN_RECORDS = 1024, /* answered in one turn of the loop: about 6 ms if each raises an alert */
};

size_t traffic_frame_cap(uint8_t kind, const void *arg)
{
    const struct conn *c = arg;

    if (kind == GANAD__V1__KIND__SCORE_REQUEST)
        return SCORE_FRAME_MAX;
    if (kind == GANAD__V1__KIND__PACKED_REQUEST)
        return client_of(c)->server->o.config->scoring.packed_frame_max;
    return 0;
}

bool traffic_is_ready(struct conn *c)
{
    struct client *client = client_of(c);
    struct server *s = client->server;

    if (client->in_flight < s->o.config->scoring.in_flight && client->records < CLIENT_RECORDS &&
        !job_pool_is_empty(s->pool))
        return true;
    s->starved = true;
    return false;
}

bool traffic_owes(const struct conn *c)
{
    return client_of(c)->in_flight > 0;
}

void traffic_take_frame(struct conn *c, const struct gad_frame *f)
{
    struct client *client = client_of(c);
    struct server *s = client->server;
    struct stats *st = s->o.stats;
    struct job *j = job_get(s->pool);

    gad_assert(j); /* traffic_is_ready() was asked */
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
    client->in_flight++;
    client->records += j->n;
    if (s->n_pending == 0)
        event_active(s->pusher, 0, 0);
    s->pending[s->n_pending++] = j; /* there are no more jobs than places */
}

/*
 * Behind the last client that had something to say in this turn of the loop: the scorer is woken once for
 * all their jobs. Woken for the first, it would take the core from us and find just that one.
 */
void traffic_push(evutil_socket_t fd, short what, void *arg)
{
    struct server *s = arg;
    (void)fd;
    (void)what;

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
    if (!j->error) {
        st->records_scored += job_n_scored(j);
        st->records_unscored += j->n_unscored;
        st->records_anomalous += j->n_anomalous;
        assign_count(j);
    }
}

/* A job is back: counted, answered, given back. */
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
    if (c->conn.state != CONN_CLOSED) {
        if (reply_job(j, &s->reply_arena, &c->conn.out) != 0) {
            log_warn("scoring", "no memory for an answer, closing its client");
            conn_close(&c->conn);
        }
    } else if (c->in_flight == 0) {
        event_active(s->reaper, 0, 0);
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

/* Those that waited for jobs, beginning with another one each time. */
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

/* Answers finished jobs; false if it left some for the loop's next turn. */
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

void traffic_done(evutil_socket_t fd, short what, void *arg)
{
    struct server *s = arg;
    const struct timeval now = {0, 0};
    (void)fd;
    (void)what;

    gad_ring_disarm_items(scorer_done(s->o.scorer));
    if (!drain(s) || gad_ring_arm_items(scorer_done(s->o.scorer)))
        (void)event_add(s->again, &now); /* not at once: first whoever else has something to say */
}
