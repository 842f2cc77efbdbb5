/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/metrics/warnings.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemon/alert/recent.h"
#include "daemon/config/config.h"
#include "daemon/feed/feed.h"
#include "daemon/feed/output.h"
#include "daemon/ingest/capture_merge.h"
#include "daemon/learn/learning.h"
#include "daemon/score/budgets.h"
#include "daemon/score/drift.h"
#include "daemon/score/models.h"
#include "daemon/stats.h"
#include "daemon/watch.h"
#include "lib/event/event.h"
#include "lib/spool/spool.h"
#include "models/detector.h"

enum {
    STEPS = 31,         /* five minutes, and the step that has begun */
    RECORDS_MIN = 500,  /* fewer say little about a model */
    SPOOL_FULL = 80,    /* percent of its quota */
    ORDER_FAILING = 0,  /* nothing is stored, nothing is read */
    ORDER_BLIND = 1,    /* traffic is not seen */
    ORDER_MODEL = 2,    /* the alerts mean little */
    ORDER_DELIVERY = 3, /* events wait, or will be lost */
    ORDER_LIMITED = 4,  /* records without an alert or a score */
    ORDER_DRIFT = 5,    /* the model is getting old */
    ORDER_DEMONSTRATION = 6,
};

/* Far above the budget of any useful model. */
#define SHARE_MAX 0.05

static const struct gad_time step = {10000000000};

/* Totals at one time. */
struct sample {
    struct gad_time time; /* monotonic */
    uint64_t records, anomalous, alerts, limited, unscored, dropped;
    struct {
        uint64_t scored, anomalous;
    } model[CONFIG_MODELS_MAX];
    uint64_t blind[CONFIG_CAPTURES_MAX]; /* sum of the counters of this kind */
};

struct warnings {
    struct warnings_options o;
    struct watch *tick;
    size_t n; /* samples since the start */
    struct sample sample[STEPS], now, since;
};

static uint64_t blind_sum(const struct capture_counts *c)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < CAPTURE_COUNTERS; i++)
        if (capture_counter(i)->kind == GAD_COUNTER_BLIND)
            sum += capture_count(c, i);
    return sum;
}

static void take_sample(const struct warnings *w, struct sample *s)
{
    const struct stats *st = w->o.stats;
    struct capture_merge_source from;

    *s = (struct sample){.time = gad_time_monotonic(),
                         .records = st->records_scored,
                         .anomalous = st->records_anomalous,
                         .alerts = st->alerts,
                         .limited = st->alerts_limited,
                         .unscored = st->records_unscored,
                         .dropped = st->events_dropped};
    for (size_t i = 0; i < w->o.models->n; i++) {
        s->model[i].scored = w->o.models->model[i]->counts->scored;
        s->model[i].anomalous = w->o.models->model[i]->counts->anomalous;
    }
    for (size_t i = 0; w->o.captures && capture_merge_source(w->o.captures, i, &from); i++)
        s->blind[i] = blind_sum(&from.stats.counts);
}

static void on_tick(void *arg)
{
    struct warnings *w = arg;

    take_sample(w, &w->sample[w->n++ % STEPS]);
}

static const struct sample *oldest(const struct warnings *w)
{
    return &w->sample[w->n > STEPS ? w->n % STEPS : 0];
}

int warnings_new(const struct warnings_options *o, struct warnings **ret)
{
    gad_cleanup(warnings_freep) struct warnings *w = gad_calloc(1, sizeof(*w));

    if (!w)
        return GAD_ENOMEM;
    w->o = *o;
    w->tick = watch_ticker(o->base, step, on_tick, w);
    if (!w->tick)
        return GAD_ENOMEM;
    on_tick(w);
    *ret = gad_steal(&w);
    return 0;
}

void warnings_free(struct warnings *w)
{
    if (!w)
        return;
    watch_free(w->tick);
    gad_free(w);
}

/* --- the list --- */

static void __attribute__((__format__(__printf__, 3, 4)))
add(struct warnings_list *l, unsigned weight, const char *fmt, ...)
{
    va_list ap;

    if (l->n == WARNINGS_MAX)
        return;
    size_t i = l->n++;
    for (; i > 0 && l->warning[i - 1].weight > weight; i--)
        l->warning[i] = l->warning[i - 1];
    l->warning[i].weight = weight;
    va_start(ap, fmt);
    (void)vsnprintf(l->warning[i].text, WARNING_TEXT, fmt, ap);
    va_end(ap);
}

/* A total that began again, with another model of the same place in the list, counts from 0. */
static uint64_t rise(uint64_t now, uint64_t then)
{
    return now >= then ? now - then : now;
}

static int minutes(const struct warnings *w)
{
    int64_t ns = gad_time_sub(w->now.time, w->since.time).ns;

    return (int)(ns / 60000000000 + 1);
}

static bool is_loud(struct warnings *w)
{
    struct recent *r = feed_recent(w->o.feed);
    struct recent_entry e = {0};

    while (recent_after(r, e.change, &e)) {
        const struct gad_incident *i = &e.event->alert.incident;
        bool is_open = i->number != 0 && i->state != GAD_INCIDENT_CLOSED;
        if (is_open &&
            (i->hint == GAD_HINT_FLOOD || i->hint == GAD_HINT_SCAN || i->hint == GAD_HINT_SWEEP))
            return true;
    }
    return false;
}

static void add_share(struct warnings *w, size_t i, struct warnings_list *l)
{
    const struct model *m = w->o.models->model[i];
    uint64_t n = rise(w->now.model[i].scored, w->since.model[i].scored);
    uint64_t bad = rise(w->now.model[i].anomalous, w->since.model[i].anomalous);

    if (m->is_shadow || m->is_withheld || n < RECORDS_MIN || (double)bad <= SHARE_MAX * (double)n)
        return;
    add(l, ORDER_MODEL,
        "%.0f %% of %" PRIu64 " records of the last %d min are anomalous: %s "
        "'%s' does not know this network",
        100.0 * (double)bad / (double)n, n, minutes(w),
        is_loud(w) ? "a flood or a scan goes on, or the model" : "the model", m->name);
}

static void add_drift(const struct model *m, struct warnings_list *l)
{
    struct drift_column c, worst = {.psi = 0};
    unsigned n = 0;

    for (size_t i = 0; drift_column(m->drift, i, &c); i++) {
        n += c.is_drifting;
        if (c.is_drifting && c.psi > worst.psi)
            worst = c;
    }
    if (n > 0)
        add(l, ORDER_DRIFT,
            "records drift from the training data of model '%s': %u features, %s the most "
            "(%.2f)",
            m->name, n, worst.name, worst.psi);
}

static void add_budget(const struct warnings *w, const struct model *m, struct warnings_list *l)
{
    if (!m->budget || m->budget->is.over_since == 0 || !w->o.budgets)
        return;
    const struct budget_rate r = budget_of_verdict(m->budget, budgets_keys(w->o.budgets));
    add(l, ORDER_MODEL,
        "false alarms of model '%s' exceed its budget: %.3g %% instead of %.3g %%: "
        "ganadctl budget",
        m->name, 100 * r.rate, 100 * m->fpr_budget);
}

static void add_models(struct warnings *w, struct warnings_list *l)
{
    for (size_t i = 0; i < w->o.models->n; i++) {
        const struct model *m = w->o.models->model[i];
        add_share(w, i, l);
        add_drift(m, l);
        add_budget(w, m, l);
        if (!m->is_shadow && !m->is_withheld && m->is_demonstration)
            add(l, ORDER_DEMONSTRATION,
                "model '%s' is a demonstration, trained on traffic of 1998: train a model on "
                "this network",
                m->name);
    }
}

static void add_captures(const struct warnings *w, struct warnings_list *l)
{
    struct capture_merge_source s;

    for (size_t i = 0; w->o.captures && capture_merge_source(w->o.captures, i, &s); i++) {
        uint64_t n = rise(w->now.blind[i], w->since.blind[i]);
        if (strcmp(s.state, "gone") == 0 || strcmp(s.state, "down") == 0 ||
            strcmp(s.state, "broken") == 0)
            add(l, ORDER_FAILING, "capture '%s' reads nothing: %s is %s", s.name, s.target,
                s.state);
        if (n > 0)
            add(l, ORDER_BLIND,
                "capture '%s' did not see all traffic: %" PRIu64
                " packets or connections were lost or unreadable in the last %d min",
                s.name, n, minutes(w));
    }
}

static void add_outputs(const struct warnings *w, struct warnings_list *l)
{
    struct output_status s;

    for (size_t i = 0; feed_output(w->o.feed, i, &s); i++)
        if (*s.error && s.state != OUTPUT_OPEN && s.state != OUTPUT_FINISHED)
            add(l, ORDER_DELIVERY, "output '%s' is down, %" PRIu64 " events wait: %s",
                s.config->name, s.waiting, s.error);
}

static void add_spool(const struct warnings *w, struct warnings_list *l)
{
    const struct gad_spool_status *s = feed_spool(w->o.feed);
    uint64_t quota = w->o.config->spool.quota, dropped = w->now.dropped - w->since.dropped;

    if (s->failure != 0)
        add(l, ORDER_FAILING, "the spool cannot be written: %s", gad_strerror(s->failure));
    else if (dropped > 0)
        add(l, ORDER_FAILING, "%" PRIu64 " events of the last %d min could not be written", dropped,
            minutes(w));
    if (w->o.config->n_outputs > 0 && quota > 0 && s->bytes >= quota / 100 * SPOOL_FULL)
        add(l, ORDER_DELIVERY,
            "the spool is %.0f %% full: then it evicts events that outputs have not sent",
            100.0 * (double)s->bytes / (double)quota);
}

void warnings_get(struct warnings *w, struct warnings_list *ret)
{
    ret->n = 0;
    w->since = *oldest(w);
    take_sample(w, &w->now);
    uint64_t limited = w->now.limited - w->since.limited;
    uint64_t unscored = w->now.unscored - w->since.unscored;
    char learning[LEARNING_TEXT];

    learning_text(w->o.learning, learning);
    if (*learning)
        add(ret, ORDER_MODEL, "%s", learning);
    add_spool(w, ret);
    add_captures(w, ret);
    add_models(w, ret);
    add_outputs(w, ret);
    if (limited > 0)
        add(ret, ORDER_LIMITED,
            "%" PRIu64 " anomalous records of the last %d min are in no alert: alerts.rate",
            limited, minutes(w));
    if (unscored > 0)
        add(ret, ORDER_LIMITED, "%" PRIu64 " records of the last %d min have no score: search_rate",
            unscored, minutes(w));
}

void warnings_lately(const struct warnings *w, struct warnings_lately *ret)
{
    const struct sample *then = oldest(w);
    struct sample now;

    take_sample(w, &now);
    *ret = (struct warnings_lately){.period = gad_time_sub(now.time, then->time),
                                    .records = now.records - then->records,
                                    .anomalous = now.anomalous - then->anomalous,
                                    .alerts = now.alerts - then->alerts};
}
