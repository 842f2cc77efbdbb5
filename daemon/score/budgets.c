/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/score/budgets.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/config/config.h"
#include "daemon/log.h"
#include "daemon/score/budget_file.h"
#include "daemon/score/job.h"
#include "daemon/score/models.h"
#include "daemon/stats.h"
#include "lib/base/diag.h"
#include "lib/event/event.h"
#include "lib/flow/conn.h"
#include "lib/record/record.h"

struct budgets {
    struct budgets_options o;
    struct budget_options keys;
    char *path; /* "": nothing is stored */
    struct budget_table stored;
    struct gad_time written; /* monotonic */
    bool is_dirty, is_failing;
};

enum { RATE_TEXT = 140 };

#define STORE_NS INT64_C(60000000000) /* at least, between two times that the hours are stored */

/* --- the file --- */

/* A model that raises no alerts has no false alarms. */
static bool is_counted(const struct model *m)
{
    return m->budget && !m->is_shadow && !m->is_withheld;
}

static void store(struct budgets *b)
{
    struct gad_diag d = {""};

    for (size_t i = 0; i < b->o.models->n; i++) {
        const struct model *m = b->o.models->model[i];
        if (is_counted(m) && m->budget->is_attached && m->budget->is.hour > 0)
            budget_put(&b->stored, m->name, m->label->sha256, &m->budget->is);
    }
    b->written = gad_time_monotonic();
    b->is_dirty = false;
    if (*b->path == '\0' || b->stored.n == 0)
        return;
    bool fails = budget_write(b->path, &b->stored, &d) != 0;
    b->o.stats->budget_failures += fails;
    if (fails && !b->is_failing)
        log_error("budget", "%s: after a restart, thresholds and counts are older", d.text);
    b->is_failing = fails;
}

static void load(struct budgets *b)
{
    struct gad_diag d = {""};

    if (*b->path == '\0' || budget_read(b->path, &b->stored, &d) == 0)
        return;
    b->o.stats->budget_failures++;
    log_error("budget", "%s: it is not used, the calibrated thresholds apply", d.text);
}

void budgets_configure(struct budgets *b, const struct config *c)
{
    b->keys = (struct budget_options){.adapt = c->budget.adapt,
                                      .step = c->budget.step,
                                      .most = c->budget.most,
                                      .after = c->budget.after,
                                      .least = c->budget.least};
}

int budgets_new(const struct budgets_options *o, struct budgets **ret)
{
    gad_cleanup(budgets_freep) struct budgets *b = gad_calloc(1, sizeof(*b));
    const char *path = o->is_stored ? o->config->budget.state : "";

    if (!b)
        return GAD_ENOMEM;
    b->o = *o;
    b->o.config = NULL;
    b->path = gad_strndup(path, strlen(path));
    if (!b->path)
        return GAD_ENOMEM;
    budgets_configure(b, o->config);
    load(b);
    budgets_attach(b);
    *ret = gad_steal(&b);
    return 0;
}

void budgets_free(struct budgets *b)
{
    if (!b)
        return;
    if (b->path && b->is_dirty)
        store(b);
    gad_free(b->path);
    gad_free(b);
}

/* --- thresholds --- */

static int use_level(struct budgets *b, struct model *m, uint32_t level, struct model **ret)
{
    float to = level == 0 ? m->calibrated : m->budget->threshold[level];
    struct model *is;
    int r = model_with_threshold(m, to, &is);

    if (r != 0)
        return r;
    models_replace(b->o.models, m, is);
    *ret = is;
    return 0;
}

void budgets_attach(struct budgets *b)
{
    for (size_t i = 0; i < b->o.models->n; i++) {
        struct model *m = b->o.models->model[i];
        if (!is_counted(m) || m->budget->is_attached)
            continue;
        const struct budget_entry *e =
            budget_find(&b->stored, m->name, m->label->sha256, m->fpr_budget);
        m->budget->is_attached = true;
        if (!e)
            continue;
        m->budget->is = e->is;
        uint32_t level = e->is.level;
        if (level > 0 && use_level(b, m, level, &m) != 0)
            budget_set_level(m->budget, NULL, 0);
        else if (level > 0)
            log_notice("budget",
                       "model '%s': the threshold is %.6g, adapted earlier; calibrated %.6g",
                       m->name, (double)m->threshold, (double)m->calibrated);
    }
}

/* --- events --- */

static void begin_event(const struct model *m, const char *action, struct gad_model_event *e)
{
    *e = (struct gad_model_event){0};
    (void)snprintf(e->action, sizeof(e->action), "%s", action);
    (void)snprintf(e->model, sizeof(e->model), "%s", m->name);
    (void)snprintf(e->model_sha256, sizeof(e->model_sha256), "%s", m->label->sha256);
}

static void report(struct budgets *b, const struct gad_model_event *e)
{
    log_notice("budget", "model '%s' %s: %s", e->model, e->action, e->reason);
    b->o.event(b->o.arg, e);
}

static void describe_rate(const struct budget_rate *r, double budget, char *text, size_t size)
{
    (void)snprintf(text, size,
                   "%" PRIu64 " of %" PRIu64 " records of %u hours (%.3g %%, interval %.3g to "
                   "%.3g %%) against a budget of %.3g %%",
                   r->k, r->n, r->hours, 100 * r->rate, 100 * r->low, 100 * r->high, 100 * budget);
}

/* What a change to a level does, or why a change is missing. */
static void describe_change(const struct budgets *b, const struct model *m, uint32_t level,
                            char *text, size_t size)
{
    double to = level == 0 ? (double)m->calibrated : (double)m->budget->threshold[level];

    if (level == m->budget->is.level)
        (void)snprintf(text, size,
                       "no threshold within step and most keeps it: fit a model to recent "
                       "records");
    else
        (void)snprintf(text, size,
                       "%s the threshold from %.6g to %.6g, the budget / %.3g in p-value (at most "
                       "/ %.3g)",
                       level > m->budget->is.level ? "raises" : "lowers", (double)m->threshold, to,
                       budget_factor(level), b->keys.most);
}

static void tell_over(struct budgets *b, const struct model *m, const struct budget_news *news)
{
    struct gad_model_event e;
    char rate[RATE_TEXT], change[RATE_TEXT];

    begin_event(m, "over_budget", &e);
    describe_rate(&news->rate, m->fpr_budget, rate, sizeof(rate));
    describe_change(b, m, news->level, change, sizeof(change));
    if (news->level == m->budget->is.level)
        (void)snprintf(e.reason, sizeof(e.reason), "%s; %s", rate, change);
    else if (news->may_adapt)
        (void)snprintf(e.reason, sizeof(e.reason), "%s; [budget] adapt %s", rate, change);
    else
        (void)snprintf(e.reason, sizeof(e.reason),
                       "%s; if this traffic is normal: 'ganadctl budget adapt %s' %s", rate,
                       m->name, change);
    b->o.stats->budget_exceeded++;
    report(b, &e);
}

static int change_level(struct budgets *b, struct model *m, uint32_t level, const char *why)
{
    struct gad_model_event e;
    float was = m->threshold;
    struct model *is;
    int r = use_level(b, m, level, &is);

    if (r != 0) {
        log_error("budget", "no memory: the threshold of model '%s' stays", m->name);
        return r;
    }
    budget_set_level(is->budget, &b->keys, level);
    begin_event(is, "adapted", &e);
    (void)snprintf(e.reason, sizeof(e.reason),
                   "threshold %.6g instead of %.6g, calibrated %.6g: the budget / %.3g in p-value, "
                   "at most / %.3g; %s",
                   (double)is->threshold, (double)was, (double)is->calibrated, budget_factor(level),
                   b->keys.most, why);
    b->o.stats->budget_adapted++;
    report(b, &e);
    store(b);
    return 0;
}

/* --- records --- */

/* The model of this name that is in use now, if it shares the budget. */
static struct model *in_use(const struct budgets *b, const struct budget *budget)
{
    for (size_t i = 0; i < b->o.models->n; i++)
        if (b->o.models->model[i]->budget == budget)
            return b->o.models->model[i];
    return NULL;
}

static void review(struct budgets *b, struct budget *budget)
{
    struct model *m = in_use(b, budget);
    struct budget_news news;
    char why[RATE_TEXT];

    if (!m) /* its last records are back, and another model is in use */
        return;
    budget_review(budget, &b->keys, &news);
    b->is_dirty = true;
    if (news.is_over)
        tell_over(b, m, &news);
    if (news.is_settled)
        log_notice("budget", "model '%s' keeps its budget again", m->name);
    if (news.may_adapt) {
        const struct budget_rate day = budget_of_day(budget);
        describe_rate(&day, m->fpr_budget, why, sizeof(why));
        (void)change_level(b, m, news.level, why);
    }
    budget_put(&b->stored, m->name, m->label->sha256, &budget->is); /* for a load of it */
    if (b->is_dirty && gad_time_sub(gad_time_monotonic(), b->written).ns >= STORE_NS)
        store(b);
}

/* The whole day that just ended. */
static void log_day(const struct model *m, int64_t day)
{
    const struct budget_day *d = &m->budget->is.days[day % BUDGET_DAYS];
    double rate = d->n > 0 ? 100 * (double)d->k / (double)d->n : 0;

    if (d->day == day)
        log_info("budget",
                 "model '%s': day %" PRId64 " since 1970: %" PRIu64 " of %" PRIu64
                 " records were false alarms, %.3g %% (%.3g to %.3g %%), budget %.3g %%; %" PRIu64
                 " apart; budget / %.3g",
                 m->name, day, d->k, d->n, rate, 100 * d->low, 100 * d->high, 100 * m->fpr_budget,
                 d->apart, budget_factor(d->level));
}

static void turn(struct budgets *b, const struct model *m, struct gad_time when)
{
    int64_t day = m->budget->is.hour / 24;

    if (!budget_turn(m->budget, &b->keys, when))
        return;
    if (m->budget->is.hour / 24 > day)
        log_day(m, day);
    review(b, m->budget);
}

/* Also of a job that a later turn changes the model of. */
static void count_record(struct budgets *b, const struct job *j, size_t i, struct gad_time wall)
{
    const struct model *m = job_model(j, i);
    enum budget_kind kind = j->anomalous[i] ? BUDGET_FALSE_ALARM : BUDGET_NORMAL;

    if (!is_counted(m) || !m->budget->is_attached ||
        (j->rec[i].notes & (GAD_NOTE_INTERIM | GAD_NOTE_CUT | GAD_NOTE_BACKGROUND)))
        return;
    turn(b, m, j->origin ? j->origin[i].decided : wall);
    if (kind == BUDGET_FALSE_ALARM &&
        ((j->apart && j->apart[i] > 0) || (b->o.excludes && b->o.excludes(b->o.arg, j, i))))
        kind = BUDGET_APART;
    if (kind == BUDGET_APART && j->apart && j->apart[i] > 1)
        (void)budget_set_apart(m->budget, j->apart[i] - 1U);
    budget_count(m->budget, j->score[i], kind);
}

static void count_shadows(struct budgets *b, const struct job *j, struct gad_time wall)
{
    for (size_t k = 0; k < j->n_shadows; k++) {
        const struct job_shadow *s = &j->shadow[k];
        if (!s->model->budget || s->scored == 0)
            continue;
        (void)budget_turn(s->model->budget, &b->keys,
                          j->origin ? j->origin[j->n - 1].decided : wall);
        budget_add(s->model->budget, s->scored, s->anomalous);
    }
}

void budgets_count(struct budgets *b, const struct job *j)
{
    struct gad_time wall = gad_time_wall();

    if (!j->may_alert || j->n == 0)
        return;
    for (size_t i = 0; i < job_n_scored(j); i++)
        count_record(b, j, i, wall);
    count_shadows(b, j, wall);
}

/* --- commands --- */

const struct budget_options *budgets_keys(const struct budgets *b)
{
    return &b->keys;
}

static int find(const struct budgets *b, const char *name, struct model **ret, struct gad_diag *d)
{
    struct model *m = models_find(b->o.models, name);

    if (!m)
        return gad_fail(d, GAD_EUNKNOWN, "no model '%s' is in use", name);
    if (!is_counted(m))
        return gad_fail(d, GAD_EUNKNOWN, "model '%s' %s", m->name,
                        m->is_shadow || m->is_withheld
                            ? "raises no alerts"
                            : "has a configured threshold and so no budget");
    *ret = m;
    return 0;
}

int budgets_adapt(struct budgets *b, const char *name, struct gad_diag *d)
{
    struct model *m = NULL;
    int r = find(b, name, &m, d);

    if (r != 0)
        return r;
    uint32_t to = budget_proposal(m->budget, &b->keys);
    if (to == m->budget->is.level)
        return gad_fail(d, GAD_EINVAL,
                        "model '%s': nothing to change: its recent records keep the budget, are "
                        "fewer than [budget] least, or the limit [budget] most is reached",
                        m->name);
    if (!budget_may_change(m->budget))
        return gad_fail(d, GAD_EINVAL,
                        "model '%s': the threshold changed less than a day of records ago",
                        m->name);
    return change_level(b, m, to, "a client requested it");
}

int budgets_reset(struct budgets *b, const char *name, struct gad_diag *d)
{
    struct model *m = NULL;
    int r = find(b, name, &m, d);

    if (r != 0)
        return r;
    int64_t hour = m->budget->is.hour;
    if (m->budget->is.level > 0)
        r = change_level(b, m, 0, "a client requested it");
    if (r != 0)
        return gad_fail(d, r, "no memory");
    /* @m may be gone: the budget belongs to its base */
    r = find(b, name, &m, d);
    if (r != 0)
        return r;
    budget_clear(&m->budget->is, m->fpr_budget);
    if (hour > 0) { /* the clock goes on */
        m->budget->is.hour = hour;
        m->budget->is.hours[hour % BUDGET_HOURS].hour = hour;
    }
    store(b);
    log_notice("budget", "model '%s': the counts of its budget begin again", m->name);
    return 0;
}
