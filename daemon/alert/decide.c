/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/decide.h"

#include <math.h>
#include <string.h>

#include "daemon/alert/bystander.h"
#include "daemon/alert/feedback.h"
#include "daemon/alert/filing.h"
#include "daemon/alert/host.h"
#include "daemon/alert/host_report.h"
#include "daemon/alert/incidents.h"
#include "daemon/alert/limiter.h"
#include "daemon/alert/report.h"
#include "daemon/alert/suppressor.h"
#include "daemon/alert/tally.h"
#include "daemon/config/config.h"
#include "daemon/score/job.h"
#include "daemon/score/models.h"
#include "daemon/stats.h"
#include "models/detector.h"

enum {
    CLIENTS_PART = 4, /* incidents of clients: this part of those of captures */
    GROWTH = 4,       /* of the interval between updates */
    NEWS = 2,         /* alerts at once for a higher score at another target */
    CAUSES = 20000,   /* top features a second that are computed to file records */
};
/* a score that is higher by this part stands out at another target */
#define HIGHER          0.1F
#define INTERVAL_MAX_NS INT64_C(3600000000000) /* between two updates */
#define RETRY_NS        INT64_C(50000000)      /* until an alert beyond the rate is tried again */

struct decider {
    struct decider_options o;
    struct incidents *table[2];  /* of clients, of captures; NULL: each anomaly raises an alert */
    struct attacks *attacks[2];  /* as the tables */
    struct host_watch *hosts[2]; /* as the tables; NULL: off */
    struct gad_time interval, idle;
    uint64_t keys, rate, next_number;
    struct limiter limiter;
    struct rate_limit checks[2]; /* of bystanders; as the tables, as are the next ones */
    struct rate_limit causes[2]; /* of ordinary exchanges */
    struct gad_time now;         /* the latest time of a record */
    struct gad_alert alert;      /* scratch */
    struct incident_sample sample;
};

/* --- configuration --- */

static void set_rate(struct decider *d, uint64_t rate)
{
    d->rate = rate;
    limiter_set(&d->limiter, d->o.by_packets ? 0 : rate, gad_time_monotonic());
}

static void free_tables(struct incidents **table)
{
    for (size_t i = 0; i < 2; i++)
        incidents_free(table[i]);
}

static int make_tables(uint64_t keys, struct incidents **table)
{
    uint64_t of_clients = keys / CLIENTS_PART;
    int r = incidents_new(keys, &table[1]);

    return r != 0 ? r : incidents_new(of_clients, &table[0]);
}

int decider_configure(struct decider *d, const struct config *c)
{
    struct incidents *fresh[2] = {NULL, NULL};
    bool was_on = d->table[1] != NULL, is_on = c->alerts.rollup.ns > 0;

    if (was_on != is_on || c->alerts.rollup_keys != d->keys) {
        int r = is_on ? make_tables(c->alerts.rollup_keys, fresh) : 0;
        if (r != 0) {
            free_tables(fresh);
            return r;
        }
        decider_flush(d);
        for (size_t i = 0; i < 2 && d->attacks[i]; i++)
            attacks_forget(d->attacks[i]);
        free_tables(d->table);
        memcpy(d->table, fresh, sizeof(fresh));
    }
    d->keys = c->alerts.rollup_keys;
    d->interval = c->alerts.rollup;
    d->idle = c->alerts.idle;
    for (size_t i = 0; i < 2 && d->hosts[i]; i++)
        host_watch_configure(d->hosts[i], c);
    if (c->alerts.rate != d->rate)
        set_rate(d, c->alerts.rate);
    return 0;
}

int decider_new(const struct decider_options *o, struct decider **ret)
{
    gad_cleanup(decider_freep) struct decider *d = gad_calloc(1, sizeof(*d));
    struct gad_time now = gad_time_monotonic();

    if (!d)
        return GAD_ENOMEM;
    d->o = *o;
    d->o.config = NULL;
    for (size_t i = 0; i < 2; i++) {
        d->checks[i] = rate_limit_init(BYSTANDER_CHECKS, BYSTANDER_CHECKS, now);
        d->causes[i] = rate_limit_init(CAUSES, CAUSES, now);
    }
    set_rate(d, o->config->alerts.rate);
    int r = decider_configure(d, o->config);
    for (size_t i = 0; r == 0 && i < 2; i++)
        r = attacks_new(&d->attacks[i]);
    if (r == 0)
        r = host_watches_new(o->config, CLIENTS_PART, !o->by_packets, o->stats, d->hosts);
    if (r != 0)
        return r;
    *ret = gad_steal(&d);
    return 0;
}

void decider_free(struct decider *d)
{
    if (!d)
        return;
    free_tables(d->table);
    attacks_free(d->attacks[0]);
    attacks_free(d->attacks[1]);
    host_watch_free(d->hosts[0]);
    host_watch_free(d->hosts[1]);
    limiter_deinit(&d->limiter);
    gad_free(d);
}

/* --- emitting --- */

static void emit(struct decider *d, struct gad_time wall)
{
    d->o.stats->alerts++;
    d->o.stats->alerts_rolled_up += d->alert.count > 0 ? d->alert.count - 1 : 0;
    d->o.emit(d->o.arg, &d->alert, wall);
}

static bool may_emit(struct decider *d, bool is_captured, unsigned severity)
{
    return limiter_take(&d->limiter, is_captured, severity, gad_time_monotonic());
}

static const struct thing *source_of(const struct incident *i)
{
    return i->is_known && i->line != GAD_LINE_TARGET ? &i->first_source : NULL;
}

/* Counts the records of an incident that the rate holds back, each once. */
static void hold(struct decider *d, struct incident *i)
{
    uint64_t n = incident_counted(i) - i->n_held;

    i->n_held = incident_counted(i);
    if (n > 0)
        limiter_hold(&d->limiter, i->severity, i->hint, source_of(i), incidents_secret(d->table[1]),
                     n, gad_time_monotonic());
}

/* A flood, scan or sweep of one source or at one target is another one than that of many. */
static uint64_t hint_bit(const struct incident *i)
{
    bool is_of_numbers =
        i->hint == GAD_HINT_FLOOD || i->hint == GAD_HINT_SCAN || i->hint == GAD_HINT_SWEEP;
    enum gad_line of = i->line == GAD_LINE_NETWORK ? GAD_LINE_TARGET : i->line; /* many, too */
    unsigned line = is_of_numbers ? (unsigned)of : 0;

    return UINT64_C(1) << (line * GAD_N_HINTS + (unsigned)i->hint);
}

static void emit_incident(struct decider *d, struct incident *i, enum gad_incident_state state,
                          struct gad_time wall)
{
    if (i->is_held)
        hold(d, i);
    i->is_held = false;
    report_incident(i, state, &d->alert);
    d->alert.feedback = feedback_of_incident(d->o.feedback, i->number);
    i->is_reported = true;
    i->is_urgent = false;
    i->reported_severity = i->severity;
    i->reported_hints |= hint_bit(i);
    i->reported_p = d->alert.p_value < i->reported_p ? d->alert.p_value : i->reported_p;
    i->reported_score = d->alert.score > i->reported_score ? d->alert.score : i->reported_score;
    i->pending = i->n_held = 0;
    emit(d, wall);
}

/* The time after which the incident is looked at again. */
static struct gad_time next_look(const struct decider *d, const struct incident *i)
{
    int64_t close = i->touched.ns + d->idle.ns, update = i->reported.ns + i->interval.ns;

    return (struct gad_time){update < close ? update : close};
}

/* Emits an alert of an incident if the rate allows it, else tries again soon. */
static void try_report(struct decider *d, struct incidents *t, struct incident *i,
                       struct gad_time now, struct gad_time wall)
{
    bool is_first = !i->is_reported, is_urgent = i->is_urgent;

    if (!may_emit(d, t == d->table[1], i->severity)) {
        hold(d, i);
        d->o.stats->alerts_held += !i->is_held;
        i->is_held = true;
        incidents_set_due(t, i, (struct gad_time){now.ns + RETRY_NS});
        return;
    }
    emit_incident(d, i, is_first ? GAD_INCIDENT_OPEN : GAD_INCIDENT_UPDATE, wall);
    i->reported = now;
    if (is_first)
        i->interval = d->interval;
    else if (!is_urgent)
        i->interval.ns =
            GROWTH * i->interval.ns < INTERVAL_MAX_NS ? GROWTH * i->interval.ns : INTERVAL_MAX_NS;
    i->news = is_first || !is_urgent ? NEWS : i->news;
    i->names = is_first || !is_urgent ? 0 : i->names;
    i->few_names = is_first || !is_urgent ? 0 : i->few_names;
    incidents_touch(t, i, i->touched);
    incidents_set_due(t, i, next_look(d, i));
}

/* Ends an incident with a last alert, unless the rate drops it. */
static void close_one(struct decider *d, struct incidents *t, struct incident *i, bool may,
                      struct gad_time wall)
{
    if (may) {
        emit_incident(d, i, GAD_INCIDENT_CLOSED, wall);
    } else {
        hold(d, i);
        d->o.stats->alerts_limited += incident_counted(i);
    }
    incidents_end(t, i);
}

/* Nothing is to be reported now. */
static void wait(struct decider *d, struct incidents *t, struct incident *i, struct gad_time now)
{
    bool is_early = i->pending > 0 && now.ns < i->reported.ns + i->interval.ns;

    i->is_held = false;
    if (is_early)
        incidents_set_due(t, i, next_look(d, i));
    else /* nothing before it closes, or before a next record */
        incidents_set_due(t, i, (struct gad_time){i->touched.ns + d->idle.ns});
}

static void look_at(struct decider *d, struct incidents *t, struct incident *i, struct gad_time now,
                    struct gad_time wall)
{
    bool has_rested = now.ns >= i->touched.ns + d->idle.ns;
    /* what has rested is reported when it closes */
    bool is_time = i->pending > 0 && now.ns >= i->reported.ns + i->interval.ns &&
                   now.ns < i->touched.ns + d->interval.ns / 2;

    if (has_rested && may_emit(d, t == d->table[1], i->severity))
        close_one(d, t, i, true, wall);
    else if (has_rested)
        incidents_set_due(t, i, (struct gad_time){now.ns + RETRY_NS});
    else if (i->is_urgent || is_time)
        try_report(d, t, i, now, wall);
    else
        wait(d, t, i, now);
}

static void look_at_due(struct decider *d, struct incidents *t, struct gad_time now,
                        struct gad_time wall)
{
    struct incident *i;

    while ((i = incidents_due(t, now)) != NULL)
        look_at(d, t, i, now, wall);
}

static void make_room(struct decider *d, struct incidents *t, struct gad_time wall)
{
    if (!incidents_is_full(t))
        return;
    struct incident *i = incidents_victim(t);
    d->o.stats->incidents_evicted++;
    close_one(d, t, i, may_emit(d, t == d->table[1], i->severity), wall);
}

/* --- records to incidents --- */

/* Whether the record is a reason to report the incident now. */
static bool stands_out(struct incident *i, const struct incident_key *k, float score, double p)
{
    if (p < i->reported_p / 10)
        return true;
    bool is_elsewhere = (i->line == GAD_LINE_SOURCE || i->line == GAD_LINE_NETWORK) &&
                        !distinct_has(&i->targets, k->target);
    if (!is_elsewhere || !(score > i->reported_score + HIGHER * fabsf(i->reported_score)) ||
        i->news == 0)
        return false;
    i->news--;
    return true;
}

static bool is_power_of_two(uint64_t n)
{
    return (n & (n - 1)) == 0;
}

static void keep_sample(struct decider *d, struct incident *i, const struct job *j, size_t n)
{
    bool is_fresh = i->pending == 0 || j->score[n] > i->fresh.score;
    bool is_best = i->records == 0 || j->score[n] > i->best.score;

    if (!is_fresh && !is_best)
        return;
    report_sample(j, n, &d->sample);
    if (is_fresh)
        i->fresh = d->sample;
    if (is_best)
        i->best = d->sample;
}

static void set_apart(const struct job *j, size_t n, uint8_t apart)
{
    if (j->apart)
        j->apart[n] = apart;
}

static void add(struct decider *d, struct incidents *t, struct incident *i,
                const struct incident_key *k, const struct job *j, size_t n, struct gad_time when)
{
    const struct gad_record *r = &j->rec[n];

    i->is_urgent |= !i->is_reported || stands_out(i, k, j->score[n], (double)j->p_value[n]);
    keep_sample(d, i, j, n);
    if (!i->model)
        i->model = model_hold(k->model);
    report_relabel(i, k->model);
    if (i->records == 0)
        i->first = when;
    if (i->pending == 0)
        i->pending_first = when;
    i->last = i->pending_last = when;
    i->records++;
    i->pending++;
    tally_add(i, d->attacks[t == d->table[1]], incidents_secret(t), k, r);
    if (tally_is_new_name(i, k)) {
        i->is_urgent = true;
        report_sample(j, n, &i->fresh);
    }
    if (i->is_urgent || i->line != i->reviewed_line || is_power_of_two(i->records)) {
        i->reviewed_line = i->line;
        report_review(i);
        bool is_new_hint = i->hint != GAD_HINT_NONE && !(i->reported_hints & hint_bit(i));
        i->is_urgent |= is_new_hint || i->severity < i->reported_severity;
    }
    set_apart(j, n, report_apart(i));
}

/* The time that incidents are measured in; it never moves backwards. */
static struct gad_time now_of(struct decider *d, const struct job *j, size_t i)
{
    struct gad_time now =
        d->o.by_packets && j->origin ? j->origin[i].decided : gad_time_monotonic();

    if (now.ns > d->now.ns)
        d->now = now;
    return d->now;
}

static bool take_bystander(struct decider *d, struct incidents *t, const struct incident_key *k,
                           const struct gad_record *r, struct gad_time now)
{
    bool is_captured = t == d->table[1];
    struct incident *i =
        bystander_of(d->attacks[is_captured], k, r, &d->checks[is_captured], now, d->o.stats);

    if (!i)
        return false;
    i->bystanders++;
    i->absorbed += k->nature != GAD_NATURE_TRAFFIC;
    (void)distinct_add(&i->watchers, incidents_secret(t), k->source);
    (void)distinct_add(&i->watched, incidents_secret(t), k->target);
    d->o.stats->alerts_bystanders++;
    return true;
}

/*
 * The incident of a record; NULL: it is a bystander's. An ordinary exchange is first checked for
 * that. Others are checked only if they would begin an incident: those of a flood belong to it.
 */
static struct incident *find_or_begin(struct decider *d, struct incidents *t,
                                      const struct incident_key *k, const struct gad_record *r,
                                      struct gad_time now, struct gad_time wall)
{
    bool is_ordinary = k->nature == GAD_NATURE_TRAFFIC;

    if (is_ordinary && take_bystander(d, t, k, r, now))
        return NULL;
    struct incident *i = incidents_join(t, k);
    if (i)
        return i;
    i = incidents_join_network(t, k, now);
    if (i)
        return i;
    if (!is_ordinary && take_bystander(d, t, k, r, now))
        return NULL;
    make_room(d, t, wall);
    d->o.stats->incidents_begun++;
    return incidents_begin(t, k, ++d->next_number, now);
}

/* A login can be the success of guessing, whether it is anomalous or not. */
static void take_login(struct decider *d, struct incidents *t, const struct job *j, size_t n,
                       struct gad_time wall)
{
    if (incidents_logins(t) == 0 || !(j->rec[n].v[GAD_LOGGED_IN] > 0))
        return;
    const struct incident_key k = filing_key(j, n);
    struct incident *i = k.is_known ? incidents_login(t, &k) : NULL;

    if (!i || i->succeeded || !tally_has_guessed(i, &k))
        return;
    i->logins++;
    i->succeeded = i->is_urgent = true;
    report_review(i);
    try_report(d, t, i, now_of(d, j, n), wall);
}

static void take_into_incident(struct decider *d, const struct job *j, size_t n,
                               struct gad_time wall)
{
    struct incidents *t = d->table[j->origin != NULL];
    struct incident_key k = filing_key(j, n);
    struct gad_time now = now_of(d, j, n), when = j->origin ? j->origin[n].decided : wall;

    k.cause = filing_cause(&d->causes[j->origin != NULL], &k, &j->rec[n], now);
    k.kind = filing_kind(k.cause);

    if (incidents_next(t).ns <= now.ns)
        look_at_due(d, t, now, wall);
    if (k.nature != GAD_NATURE_LOGIN) /* else it counts itself */
        take_login(d, t, j, n, wall);
    struct incident *i = find_or_begin(d, t, &k, &j->rec[n], now, wall);
    if (!i) {
        set_apart(j, n, 1);
    } else {
        add(d, t, i, &k, j, n, when);
        incidents_touch(t, i, now);
    }
    attacks_saw(d->attacks[j->origin != NULL], k.source, i && tally_fills_windows(i) ? i : NULL);
    if (i && i->is_urgent && !i->is_held)
        try_report(d, t, i, now, wall);
    else if (i && !i->is_held && i->due.ns > next_look(d, i).ns)
        incidents_set_due(t, i, next_look(d, i));
}

/* Begins the incident of a host, or adds to it. */
static void take_host(struct decider *d, const struct job *j, size_t n, struct gad_time wall)
{
    struct incidents *t = d->table[j->origin != NULL];
    struct gad_time now = now_of(d, j, n), when = j->origin ? j->origin[n].decided : wall;
    const struct host_finding *f =
        host_report_find(d->hosts[j->origin != NULL], d->o.suppressor, j, n, when, d->o.stats);

    if (!f)
        return;
    const struct incident_key k = host_report_key(j, n);
    struct incident *i = incidents_join(t, &k);
    if (!i && !f->is_new)
        return;
    if (!i) {
        make_room(d, t, wall);
        d->o.stats->incidents_begun++;
        i = incidents_begin(t, &k, ++d->next_number, now);
    }
    keep_sample(d, i, j, n);
    if (!i->model)
        i->model = model_hold(k.model);
    host_report_add(i, d->attacks[j->origin != NULL], incidents_secret(t), &k, f, &j->rec[n], when);
    incidents_touch(t, i, now);
    if (i->is_urgent && !i->is_held)
        try_report(d, t, i, now, wall);
    else if (!i->is_held && i->due.ns > next_look(d, i).ns)
        incidents_set_due(t, i, next_look(d, i));
}

static void take_normal(struct decider *d, const struct job *j, size_t n, struct gad_time wall)
{
    struct incidents *t = d->table[j->origin != NULL];
    const struct gad_tuple *of = &j->rec[n].tuple;

    take_login(d, t, j, n, wall);
    if (of->family != 0)
        attacks_saw(d->attacks[j->origin != NULL], host_thing(of->family, of->src), NULL);
}

static void take_single(struct decider *d, const struct job *j, size_t n, struct gad_time wall)
{
    report_sample(j, n, &d->sample);
    report_single(job_model(j, n), &d->sample, j->origin ? j->origin[n].decided : wall, &d->alert);
    if (may_emit(d, j->origin != NULL, d->alert.severity)) {
        emit(d, wall);
        return;
    }
    d->o.stats->alerts_limited++;
    const uint64_t secret[2] = {0, 0};
    const struct incident_key k = filing_key(j, n);
    limiter_hold(&d->limiter, d->alert.severity, GAD_HINT_NONE, k.is_known ? &k.source : NULL,
                 secret, 1, gad_time_monotonic());
}

static void take_record(struct decider *d, const struct job *j, size_t i, struct gad_time wall)
{
    if (suppressor_match(d->o.suppressor, &j->rec[i], gad_detector_name(job_model(j, i)->detector),
                         j->score[i]) != 0) {
        d->o.stats->alerts_suppressed++;
        set_apart(j, i, 1);
    } else if (d->table[1]) {
        take_into_incident(d, j, i, wall);
    } else {
        take_single(d, j, i, wall);
    }
}

static void report_limit(struct decider *d, struct gad_time now)
{
    struct gad_limit_event e;

    if (limiter_due(&d->limiter).ns <= now.ns && limiter_report(&d->limiter, now, &e))
        d->o.limited(d->o.arg, &e);
}

static size_t n_open(const struct decider *d)
{
    return d->table[1] ? incidents_count(d->table[0]) + incidents_count(d->table[1]) : 0;
}

void decider_take(struct decider *d, const struct job *j)
{
    bool is_captured = j->origin != NULL;
    struct incidents *t = d->table[is_captured];
    struct gad_time wall = gad_time_wall();
    for (size_t i = 0; i < job_n_scored(j); i++) {
        if (j->may_alert && j->anomalous[i] && job_model(j, i)->is_withheld)
            d->o.stats->alerts_withheld++;
        else if (j->may_alert && j->anomalous[i])
            take_record(d, j, i, wall);
        else if (j->may_alert && t)
            take_normal(d, j, i, wall);
        if (t && d->hosts[is_captured] && (is_captured || j->may_alert))
            take_host(d, j, i, wall);
    }
    d->o.stats->incidents = n_open(d);
    host_watches_count(d->hosts, d->o.stats);
}

struct gad_time decider_due(const struct decider *d)
{
    struct gad_time next = limiter_due(&d->limiter);

    for (size_t i = 0; d->table[1] && !d->o.by_packets && i < 2; i++) {
        struct gad_time due = incidents_next(d->table[i]);
        next = due.ns < next.ns ? due : next;
    }
    return next;
}

struct gad_time decider_tick(struct decider *d)
{
    struct gad_time now = gad_time_monotonic();

    report_limit(d, now);
    for (size_t i = 0; d->table[1] && !d->o.by_packets && i < 2; i++)
        look_at_due(d, d->table[i], now, gad_time_wall());
    d->o.stats->incidents = n_open(d);
    return decider_due(d);
}

void decider_flush(struct decider *d)
{
    struct gad_time wall = gad_time_wall();
    struct gad_limit_event e;

    for (size_t i = 0; d->table[1] && i < 2; i++)
        for (struct incident *v; (v = incidents_victim(d->table[i])) != NULL;)
            close_one(d, d->table[i], v, true, wall);
    if (limiter_report(&d->limiter, gad_time_monotonic(), &e))
        d->o.limited(d->o.arg, &e);
    d->o.stats->incidents = 0;
}

void decider_release_models(struct decider *d)
{
    for (size_t i = 0; d->table[1] && i < 2; i++)
        incidents_each(d->table[i], report_release);
}
