/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/ingest/capture_merge.h"

#include <sys/random.h>

#include "daemon/config/config.h"
#include "daemon/ingest/assign.h"
#include "daemon/log.h"
#include "daemon/score/job.h"
#include "daemon/score/models.h"
#include "daemon/score/scorer.h"
#include "daemon/stats.h"
#include "daemon/watch.h"
#include "lib/base/diag.h"
#include "lib/record/make.h"
#include "lib/record/merge.h"
#include "lib/record/record.h"
#include "lib/record/service.h"
#include "lib/record/window.h"

struct watch;
struct gad_merge;
struct gad_merge_item;
struct gad_services;
struct gad_window;
struct job_pool;

enum { JOB_ROWS = 256 }; /* most records of one job */

struct place {
    struct capture_merge *merge;
    struct capture *capture;
    struct watch *filled;
    const struct config_capture *config;
    struct capture_stats stats;
    uint64_t records;
    bool has_ended, is_broken;
};

struct capture_merge {
    struct capture_merge_options o;
    struct gad_services *services;
    struct gad_merge *merge; /* NULL: no captures */
    struct gad_window *window;
    struct job_pool *pool;
    struct watch *again, *later;
    size_t in_flight, rows_in_flight; /* jobs, records */
    /* Jobs return in the order in which they were sent, so the place of the next one is free. */
    struct job_origin (*origin)[JOB_ROWS]; /* (JOBS_CAPTURED) */
    size_t n_pushed;
    bool are_files, stopping, has_ended;
    size_t n;
    struct place place[]; /* (n) */
};

enum next { NEXT_RECORD, NEXT_WAIT, NEXT_END };

/* --- batches to records in order --- */

static void place_ended(struct place *p, const struct capture_batch *b)
{
    p->has_ended = true;
    p->is_broken = b->is_broken;
    log_info("capture", "%s: ended", p->config->name);
}

static void take_batch(struct capture_merge *s, size_t number, struct capture_batch *b)
{
    struct place *p = &s->place[number];
    size_t lost = 0;

    if (p->stats.is_idle)
        gad_merge_set_idle(s->merge, number, false);
    for (size_t i = 0; i < b->n; i++) {
        struct gad_record *r = gad_merge_put(s->merge, number, b->conn[i].decided);
        if (r)
            gad_record_make(s->services, &b->conn[i], r);
        lost += r == NULL;
    }
    p->records += b->n - lost;
    if (lost > 0)
        log_error("capture", "%s: no memory, %zu connections are lost", p->config->name, lost);
    gad_merge_reach(s->merge, number, b->reached);
    capture_counts_move(&s->o.stats->captures, &p->stats.counts, &b->stats.counts);
    p->stats = b->stats;
    if (p->stats.is_idle)
        gad_merge_set_idle(s->merge, number, true);
    if (b->is_last) {
        gad_merge_end(s->merge, number);
        place_ended(p, b);
    }
    capture_give_back(p->capture, b);
}

/*
 * The merge does not wait for idle captures, so this checks whether they have batches again.
 * Returns true if one had. The others will wake the main loop.
 */
static bool take_from_idle(struct capture_merge *s)
{
    bool has_taken = false;

    for (size_t i = 0; i < s->n; i++) {
        struct place *p = &s->place[i];
        bool is_empty = false;
        while (p->stats.is_idle && !p->has_ended && !is_empty) {
            struct capture_batch *b = capture_take(p->capture);
            if (b)
                take_batch(s, i, b);
            else
                is_empty = capture_wait(p->capture);
            has_taken |= b != NULL;
        }
    }
    return has_taken;
}

static bool all_have_ended(const struct capture_merge *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (!s->place[i].has_ended)
            return false;
    return true;
}

/* The next record in order, without window features; NEXT_WAIT: a capture will wake the loop. */
static enum next next_record(struct capture_merge *s, const struct gad_merge_item **ret)
{
    while ((*ret = gad_merge_take(s->merge)) == NULL) {
        size_t slowest = gad_merge_slowest(s->merge);
        struct capture *c = slowest < s->n ? s->place[slowest].capture : NULL;
        struct capture_batch *b = c ? capture_take(c) : NULL;
        if (b)
            take_batch(s, slowest, b);
        else if (!c && all_have_ended(s))
            return NEXT_END;
        else if ((!c || capture_wait(c)) && !take_from_idle(s))
            return NEXT_WAIT; /* captures that became idle just now also wake the loop */
    }
    return NEXT_RECORD;
}

enum {
    JOB_BYTES = 64 << 20, /* more than JOBS_CAPTURED jobs can use: their number is the limit */
    LATER_NS = 10000000,  /* between checks of whether alerts have room again */
};

_Static_assert((int)CONFIG_CAPTURES_MAX <= (int)GAD_MERGE_SOURCES_MAX,
               "the merge has a place for each capture");

static void again_now(struct capture_merge *s)
{
    watch_soon(s->again);
}

static void end(struct capture_merge *s)
{
    if (s->has_ended)
        return;
    s->has_ended = true;
    s->o.ended(s->o.arg);
}

/* --- records out --- */

static struct job *blank_job(struct capture_merge *s)
{
    struct job *j = job_get(s->pool);

    if (!j)
        return NULL;
    j->model = model_hold(models_find(s->o.models, ""));
    if (job_reserve(s->pool, j, JOB_ROWS, assign_begin(s->o.models, j, false)) != 0) {
        job_put(s->pool, j);
        return NULL;
    }
    j->may_alert = true;
    j->n = 0;
    return j;
}

static void add_row(struct capture_merge *s, struct job *j, const struct gad_merge_item *item)
{
    struct job_origin *origin = s->origin[s->n_pushed % JOBS_CAPTURED];
    const struct config_capture *from = s->place[item->source].config;
    origin[j->n] = (struct job_origin){item->decided, from->name, from->interface};

    j->origin = origin;
    j->rec[j->n] = item->rec;
    gad_window_add(s->window, item->decided, &j->rec[j->n++]);
}

static void push(struct capture_merge *s, struct job *j)
{
    void *item = j;

    assign_models(s->o.models, j);
    s->o.stats->records_in += j->n;
    s->in_flight++;
    s->n_pushed++;
    s->rows_in_flight += j->n;
    scorer_push(s->o.scorer, &item, 1);
}

static void try_later(struct capture_merge *s)
{
    watch_after(s->later, (struct gad_time){LATER_NS});
}

/* The number of records that the next job may have; 0: none now, another call follows. */
static size_t rows_now(struct capture_merge *s)
{
    if (s->in_flight >= JOBS_CAPTURED)
        return 0; /* a job that returns continues */
    if (!s->are_files)
        return JOB_ROWS;
    size_t room = s->o.room(s->o.arg);
    size_t rows = room > s->rows_in_flight ? room - s->rows_in_flight : 0;
    if (rows == 0)
        try_later(s);
    return rows < JOB_ROWS ? rows : JOB_ROWS;
}

static void pump(struct capture_merge *s)
{
    const struct gad_merge_item *item = NULL;
    enum next next = NEXT_RECORD;
    size_t rows;

    while (next == NEXT_RECORD && (rows = rows_now(s)) > 0) {
        (void)take_from_idle(s);
        struct job *j = blank_job(s);
        if (!j) { /* no memory; other jobs will release some */
            try_later(s);
            return;
        }
        while (j->n < rows && (next = next_record(s, &item)) == NEXT_RECORD)
            add_row(s, j, item);
        if (j->n > 0)
            push(s, j);
        else
            job_put(s->pool, j);
    }
    if (next == NEXT_END && s->in_flight == 0)
        end(s);
}

static void pump_event(void *arg)
{
    struct capture_merge *s = arg;

    if (s->merge && !s->has_ended)
        pump(s);
    else if (s->stopping)
        end(s);
}

static void filled_event(void *arg)
{
    const struct place *p = arg;

    capture_woken(p->capture);
    pump_event(p->merge);
}

void capture_merge_returned(struct capture_merge *s, struct job *j)
{
    s->in_flight--;
    s->rows_in_flight -= j->n;
    job_put(s->pool, j);
    again_now(s);
}

/* --- life and end --- */

static int open_captures(struct capture_merge *s, struct gad_diag *d)
{
    const struct config *c = s->o.config;

    for (size_t i = 0; i < c->n_captures; i++) {
        if (!config_capture_is_used(&c->capture[i]))
            continue;
        struct place *p = &s->place[s->n];
        int r = capture_open(&c->capture[i], gad_services_ports(s->services), s->o.evidence,
                             &p->capture, d);
        if (r != 0)
            return r;
        s->n++;
        p->merge = s;
        p->config = &c->capture[i];
        p->stats = *capture_before_start(p->capture);
        s->are_files = *p->config->interface == '\0';
        p->filled = watch_reader(s->o.base, capture_fd(p->capture), filled_event, p);
        if (!p->filled)
            return gad_fail(d, GAD_ENOMEM, "captures: no memory");
    }
    return 0;
}

static int make_records(struct capture_merge *s, size_t n, struct gad_diag *d)
{
    const struct config *c = s->o.config;
    uint64_t secret[2];

    if (getrandom(secret, sizeof(secret), 0) != (ssize_t)sizeof(secret))
        return gad_fail(d, -EIO, "captures: no random numbers");
    int r = gad_services_new(&s->services);
    if (r == 0 && *c->records.services)
        r = gad_services_map(s->services, c->records.services, d);
    if (r == 0)
        r = gad_window_new(secret, &s->window);
    if (r == 0)
        r = gad_merge_new(n, &s->merge);
    if (r == 0)
        r = job_pool_new(JOB_BYTES, &s->pool);
    s->origin = gad_calloc(JOBS_CAPTURED, sizeof(*s->origin));
    if (r == 0 && !s->origin)
        r = GAD_ENOMEM;
    return r == 0 ? 0 : gad_fail(d, r, "captures: %s", gad_strerror(r));
}

int capture_merge_new(const struct capture_merge_options *o, struct capture_merge **ret,
                      struct gad_diag *d)
{
    size_t n = config_n_captures_used(o->config); /* at most CONFIG_CAPTURES_MAX */
    gad_cleanup(capture_merge_freep) struct capture_merge *s =
        gad_calloc(1, sizeof(*s) + n * sizeof(s->place[0]));

    if (!s)
        return gad_fail(d, GAD_ENOMEM, "captures: no memory");
    s->o = *o;
    s->again = watch_timer(o->base, pump_event, s);
    s->later = watch_timer(o->base, pump_event, s);
    if (!s->again || !s->later)
        return gad_fail(d, GAD_ENOMEM, "captures: no memory");
    int r = n > 0 ? make_records(s, n, d) : 0;
    if (r == 0)
        r = open_captures(s, d);
    if (r == 0)
        *ret = gad_steal(&s);
    return r;
}

int capture_merge_start(struct capture_merge *s, struct gad_diag *d)
{
    for (size_t i = 0; i < s->n; i++) {
        int r = capture_start(s->place[i].capture);
        if (r != 0)
            return gad_fail(d, r, "capture '%s': thread: %s", s->place[i].config->name,
                            gad_strerror(r));
    }
    again_now(s);
    return 0;
}

void capture_merge_stop(struct capture_merge *s)
{
    s->stopping = true;
    for (size_t i = 0; i < s->n; i++)
        capture_stop(s->place[i].capture);
    again_now(s);
}

void capture_merge_free(struct capture_merge *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n; i++) {
        if (s->place[i].filled)
            watch_free(s->place[i].filled);
        capture_free(s->place[i].capture);
    }
    watch_free(s->again);
    watch_free(s->later);
    job_pool_free(s->pool);
    gad_free(s->origin);
    gad_merge_free(s->merge);
    gad_window_free(s->window);
    gad_services_free(s->services);
    gad_free(s);
}

static const char *state_of(const struct place *p)
{
    bool is_down = p->stats.link == GAD_LINK_DOWN || p->stats.link == GAD_LINK_NO_CARRIER;

    if (p->has_ended)
        return p->is_broken ? "broken" : "ended";
    if (is_down)
        return "down";
    return p->stats.is_gone ? "gone" : p->stats.is_waiting ? "waiting" : "reading";
}

bool capture_merge_source(const struct capture_merge *s, size_t i, struct capture_merge_source *ret)
{
    if (i >= s->n)
        return false;
    const struct place *p = &s->place[i];
    const struct config_capture *c = p->config;
    *ret = (struct capture_merge_source){.name = c->name,
                                         .target = capture_target(c),
                                         .link = gad_link_name(p->stats.link),
                                         .state = state_of(p),
                                         .stats = p->stats,
                                         .records = p->records};
    return true;
}
