/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/decide.h"

#include <stdio.h>
#include <string.h>

#include "daemon/alert/rollup.h"
#include "daemon/alert/suppressor.h"
#include "daemon/config/config.h"
#include "daemon/rate_limit.h"
#include "daemon/score/job.h"
#include "daemon/score/models.h"
#include "daemon/stats.h"
#include "models/detector.h"

enum { BURST = 10 }; /* seconds of the rate that are allowed at once */

struct decider {
    struct decider_options o;
    struct rollup *rollup;  /* NULL: each anomaly raises an alert */
    struct gad_time window; /* of the roll-up */
    uint64_t keys, rate;
    struct rate_limit limit;
    struct gad_time now;    /* the latest time of a record */
    struct gad_alert alert; /* scratch */
};

static void set_rate(struct decider *d, uint64_t rate)
{
    double a_second = d->o.by_packets ? 0 : (double)rate;

    d->rate = rate;
    d->limit = rate_limit_init(a_second, BURST * a_second, gad_time_monotonic());
}

int decider_configure(struct decider *d, const struct config *c)
{
    gad_cleanup(rollup_freep) struct rollup *fresh = NULL;

    if (c->alerts.rollup.ns != d->window.ns || c->alerts.rollup_keys != d->keys) {
        int r = c->alerts.rollup.ns > 0
                    ? rollup_new(c->alerts.rollup_keys, c->alerts.rollup, &fresh)
                    : 0;
        if (r != 0)
            return r;
        decider_flush(d);
        rollup_free(d->rollup);
        d->rollup = gad_steal(&fresh);
        d->window = c->alerts.rollup;
        d->keys = c->alerts.rollup_keys;
    }
    if (c->alerts.rate != d->rate)
        set_rate(d, c->alerts.rate);
    return 0;
}

int decider_new(const struct decider_options *o, struct decider **ret)
{
    gad_cleanup(decider_freep) struct decider *d = gad_calloc(1, sizeof(*d));

    if (!d)
        return GAD_ENOMEM;
    d->o = *o;
    d->o.config = NULL;
    set_rate(d, o->config->alerts.rate);
    int r = decider_configure(d, o->config);
    if (r != 0)
        return r;
    *ret = gad_steal(&d);
    return 0;
}

void decider_free(struct decider *d)
{
    if (!d)
        return;
    rollup_free(d->rollup);
    gad_free(d);
}

static bool may_emit(struct decider *d, struct gad_time now)
{
    return rate_limit_take(&d->limit, now, 1) == 1;
}

static void set_text(char *to, size_t size, const char *from)
{
    (void)snprintf(to, size, "%s", from ? from : "");
}

static void emit(struct decider *d, const struct rollup_report *t, struct gad_time wall)
{
    const struct rollup_sample *s = t->sample;
    struct gad_alert *a = &d->alert;

    *a = (struct gad_alert){.record = s->record,
                            .score = s->score,
                            .threshold = t->model->threshold,
                            .p_value = s->p_value,
                            .fpr_budget = t->model->fpr_budget,
                            .risk = s->risk,
                            .severity = s->severity,
                            .n_top = s->n_top,
                            .count = t->count,
                            .first = t->first,
                            .last = t->last};
    set_text(a->source, sizeof(a->source), s->source);
    set_text(a->interface, sizeof(a->interface), s->interface);
    set_text(a->model, sizeof(a->model), t->model->name);
    set_text(a->model_sha256, sizeof(a->model_sha256), t->model->sha256);
    memcpy(a->top, s->top, s->n_top * sizeof(s->top[0]));
    d->o.stats->alerts++;
    d->o.stats->alerts_rolled_up += t->count - 1;
    d->o.emit(d->o.arg, a, wall);
}

/* The number of columns that contribute to the score; they are sorted by contribution. */
static size_t count_top(const struct gad_reason *top, size_t n)
{
    size_t i = 0;
    while (i < n && top[i].share > 0)
        i++;
    return i;
}

static void sample_of(const struct job *j, size_t i, struct rollup_sample *s)
{
    const struct model *m = job_model(j, i);
    const struct gad_reason *top = j->stride > 0 ? &j->reason[i * j->stride] : NULL;
    size_t most = m->top_features < ROLLUP_REASONS ? m->top_features : ROLLUP_REASONS;

    *s = (struct rollup_sample){.record = j->rec[i],
                                .source = j->origin ? j->origin[i].source : NULL,
                                .interface = j->origin ? j->origin[i].interface : NULL,
                                .score = j->score[i],
                                .p_value = (double)j->p_value[i],
                                .n_top = top ? count_top(top, most) : 0};
    s->risk = gad_alert_risk(s->p_value, gad_detector_n_calibration(m->detector));
    s->severity = gad_alert_severity(s->risk);
    if (top)
        memcpy(s->top, top, s->n_top * sizeof(*top));
}

static struct rollup_key key_of(const struct job *j, size_t i)
{
    const struct gad_tuple *t = &j->rec[i].tuple;
    struct rollup_key k = {
        .model = job_model(j, i)->label, .family = t->family, .cause = j->cause[i]};

    memcpy(k.src, t->src, t->family == 0 ? 0 : t->family == 4 ? 4 : sizeof(k.src));
    return k;
}

/* The time that windows are measured in; it never moves backwards. */
static struct gad_time now_of(struct decider *d, const struct job *j, size_t i)
{
    struct gad_time now =
        d->o.by_packets && j->origin ? j->origin[i].decided : gad_time_monotonic();

    if (now.ns > d->now.ns)
        d->now = now;
    return d->now;
}

static void emit_due(struct decider *d, struct gad_time now, struct gad_time wall)
{
    struct rollup_report report;

    while (d->rollup && rollup_due(d->rollup).ns <= now.ns) {
        bool may = may_emit(d, now);
        bool is_one = rollup_take_due(d->rollup, now, may, &report);
        if (is_one)
            emit(d, &report, wall);
        else if (may)
            rate_limit_give_back(&d->limit, 1);
    }
}

static void take_rolled_up(struct decider *d, const struct job *j, size_t i,
                           const struct rollup_sample *s, struct gad_time wall)
{
    const struct rollup_key key = key_of(j, i);
    struct gad_time now = now_of(d, j, i), when = j->origin ? j->origin[i].decided : wall;
    struct rollup_report report;

    emit_due(d, now, wall);
    if (rollup_is_full_for(d->rollup, &key) && rollup_take_oldest(d->rollup, &report)) {
        if (may_emit(d, now))
            emit(d, &report, wall);
        else
            d->o.stats->alerts_limited += report.count;
    }
    bool may = rollup_would_report(d->rollup, &key, s->severity) && may_emit(d, now);
    if (rollup_add(d->rollup, &key, s, now, when, may, &report))
        emit(d, &report, wall);
}

static void take_record(struct decider *d, const struct job *j, size_t i, struct gad_time wall)
{
    struct rollup_sample s;

    if (suppressor_match(d->o.suppressor, &j->rec[i], gad_detector_name(job_model(j, i)->detector),
                         j->score[i]) != 0) {
        d->o.stats->alerts_suppressed++;
        return;
    }
    sample_of(j, i, &s);
    if (d->rollup) {
        take_rolled_up(d, j, i, &s, wall);
    } else if (may_emit(d, gad_time_monotonic())) {
        struct gad_time when = j->origin ? j->origin[i].decided : wall;
        emit(d, &(struct rollup_report){job_model(j, i)->label, &s, 1, when, when}, wall);
    } else {
        d->o.stats->alerts_limited++;
    }
}

void decider_take(struct decider *d, const struct job *j)
{
    if (!j->may_alert || j->n_anomalous == 0)
        return;
    struct gad_time wall = gad_time_wall();
    for (size_t i = 0; i < job_n_scored(j); i++)
        if (j->anomalous[i])
            take_record(d, j, i, wall);
}

struct gad_time decider_tick(struct decider *d)
{
    if (!d->rollup || d->o.by_packets)
        return (struct gad_time){INT64_MAX};
    emit_due(d, gad_time_monotonic(), gad_time_wall());
    return rollup_due(d->rollup);
}

void decider_flush(struct decider *d)
{
    struct gad_time wall = gad_time_wall();
    struct rollup_report report;

    while (d->rollup && rollup_count(d->rollup) > 0)
        if (rollup_take_oldest(d->rollup, &report))
            emit(d, &report, wall);
}

size_t decider_rolled_up(const struct decider *d)
{
    return d->rollup ? rollup_count(d->rollup) : 0;
}
