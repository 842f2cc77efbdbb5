/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/report.h"

#include <stdio.h>
#include <string.h>

#include "daemon/alert/host.h"
#include "daemon/alert/severity.h"
#include "daemon/score/job.h"
#include "daemon/score/models.h"
#include "lib/record/reason.h"
#include "models/calibrate.h"
#include "models/detector.h"

static void set_text(char *to, size_t size, const char *from)
{
    (void)snprintf(to, size, "%s", from ? from : "");
}

/* --- samples --- */

/* Takes reasons up to the model's limit, those that say something; the first one in any case. */
static void take_reasons(const struct model *m, struct incident_sample *s,
                         const struct gad_reason *top)
{
    size_t most = m->top_features < INCIDENT_REASONS ? m->top_features : INCIDENT_REASONS;

    for (s->n_top = 0; s->n_top < most; s->n_top++) {
        if (!gad_reason_says(&top[s->n_top]) && (s->n_top > 0 || !(top[0].share > 0)))
            break;
        s->top[s->n_top] = top[s->n_top];
    }
    s->is_explained = true;
}

void report_sample(const struct job *j, size_t i, struct incident_sample *ret)
{
    const struct model *m = job_model(j, i);

    *ret = (struct incident_sample){.record = j->rec[i],
                                    .source = j->origin ? j->origin[i].source : NULL,
                                    .interface = j->origin ? j->origin[i].interface : NULL,
                                    .score = j->score[i],
                                    .p_value = (double)j->p_value[i]};
    set_text(ret->client, sizeof(ret->client), j->client_name);
    /* The scorer has explained what a client asked for, and the models that search. */
    if (j->stride >= m->top_features && (j->top > 0 || m->steps > 1) && j->anomalous[i])
        take_reasons(m, ret, &j->reason[i * j->stride]);
}

/* Computes the contributing features of a sample, unless it has them. @m: NULL: it has them. */
static void explain(const struct model *m, struct incident_sample *s)
{
    struct gad_reason reason[GAD_N_COLUMNS];

    if (s->is_explained || !m || m->top_features == 0 || m->steps > 1)
        return;
    (void)gad_detector_explain(m->detector, m->explaining, &s->record, reason);
    take_reasons(m, s, reason);
}

void report_release(struct incident *i)
{
    if (i->pending > 0)
        explain(i->model, &i->fresh);
    explain(i->model, &i->best);
    model_drop(i->model);
    i->model = NULL;
}

/* --- an incident as a value --- */

static void set_ports(const struct incident *i, struct gad_incident *ret)
{
    uint32_t place[GAD_INCIDENT_TOP];

    ret->n_port = distinct_top(&i->ports, GAD_INCIDENT_TOP, place);
    for (size_t k = 0; k < ret->n_port; k++)
        ret->port[k] = (struct gad_port_count){(uint16_t)i->ports.thing[place[k]].low,
                                               distinct_at_least(&i->ports, place[k])};
}

static struct gad_distinct number_of(const struct distinct *d)
{
    return (struct gad_distinct){.n = distinct_n(d), .is_estimate = d->is_over};
}

static void set_numbers(const struct incident *i, struct gad_incident *ret)
{
    *ret = (struct gad_incident){.number = i->number,
                                 .line = i->line,
                                 .nature = i->nature,
                                 .hint = i->hint,
                                 .first = i->first,
                                 .last = i->last,
                                 .records = i->records,
                                 .bystanders = i->bystanders,
                                 .logins = i->logins,
                                 .succeeded = i->succeeded,
                                 .src_bytes = i->src_bytes,
                                 .dst_bytes = i->dst_bytes,
                                 .sources = number_of(&i->sources),
                                 .targets = number_of(&i->targets),
                                 .ports = number_of(&i->ports),
                                 .answered = number_of(&i->answered),
                                 .may_be_forged = i->may_be_forged,
                                 .n_unusual = i->n_unusual};
    memcpy(ret->unusual, i->unusual, sizeof(i->unusual));
}

static void set_incident(const struct incident *i, enum gad_incident_state state,
                         struct gad_incident *ret)
{
    set_numbers(i, ret);
    ret->state = state;
    ret->n_source = host_top(&i->sources, GAD_INCIDENT_TOP, ret->source);
    ret->n_target = host_top(&i->targets, GAD_INCIDENT_TOP, ret->target);
    set_ports(i, ret);
}

/* Payload that left the network: of the target's answers if only the target is inside. */
static uint64_t bytes_out(const struct incident *i)
{
    bool is_answer =
        i->is_known && host_is_private(i->first_target) && !host_is_private(i->first_source);

    return is_answer ? i->dst_bytes : i->src_bytes;
}

static unsigned points_of(const struct incident *i, const struct gad_incident *now)
{
    const struct severity_facts f = {.p_value = i->best.p_value,
                                     .budget = i->label->fpr_budget,
                                     .nature = i->nature,
                                     .records = i->records,
                                     .sources = now->sources.n,
                                     .targets = now->targets.n,
                                     .ports = now->ports.n,
                                     .bytes_out = bytes_out(i),
                                     .answered = now->answered.n > 0,
                                     .logged_in = i->succeeded && i->nature == GAD_NATURE_LOGIN,
                                     .may_be_forged = i->may_be_forged,
                                     .root_shell = i->has_root_shell};

    return severity_points(&f);
}

static bool is_attack(const struct incident *i)
{
    bool says_nothing =
        i->hint == GAD_HINT_NONE || i->hint == GAD_HINT_VOLUME || i->hint == GAD_HINT_SERVICE;

    return i->succeeded || i->has_root_shell || (i->nature != GAD_NATURE_TRAFFIC && !says_nothing);
}

uint8_t report_apart(struct incident *i)
{
    uint8_t earlier = i->counted;

    if (!is_attack(i)) {
        if (i->counted < UINT8_MAX - 1)
            i->counted++;
        return 0;
    }
    i->counted = 0;
    return (uint8_t)(1 + earlier);
}

void report_relabel(struct incident *i, const struct model *m)
{
    if (i->label == m->label || strcmp(i->label->sha256, m->label->sha256) != 0 ||
        strcmp(i->label->name, m->label->name) != 0)
        return;
    model_label_drop(i->label);
    i->label = model_label_hold(m->label);
}

void report_review(struct incident *i)
{
    struct gad_incident now;

    set_numbers(i, &now);
    i->hint = gad_hint_of(&now, i->best.n_top > 0 ? i->best.top[0].column : i->cause);
    unsigned severity = severity_of(points_of(i, &now));
    i->severity = severity < i->severity ? severity : i->severity;
}

/* --- alerts --- */

static void set_sample(const struct model_label *l, const struct incident_sample *s,
                       struct gad_alert *a)
{
    a->record = s->record;
    set_text(a->source, sizeof(a->source), s->source);
    set_text(a->interface, sizeof(a->interface), s->interface);
    set_text(a->client, sizeof(a->client), s->client);
    set_text(a->model, sizeof(a->model), l->name);
    set_text(a->model_sha256, sizeof(a->model_sha256), l->sha256);
    a->score = s->score;
    a->threshold = l->threshold;
    a->p_value = s->p_value;
    a->p_extrapolated = gad_calibration_is_extrapolated(l->n_calibration, s->p_value);
    a->fpr_budget = l->fpr_budget;
    a->risk = gad_alert_risk(s->p_value, l->n_calibration);
    a->n_top = s->n_top;
    memcpy(a->top, s->top, s->n_top * sizeof(s->top[0]));
}

void report_incident(struct incident *i, enum gad_incident_state state, struct gad_alert *ret)
{
    struct incident_sample *s = i->pending > 0 ? &i->fresh : &i->best;

    explain(i->model, s);
    if (s == &i->fresh && i->fresh.score >= i->best.score)
        i->best = i->fresh;
    report_review(i);
    *ret = (struct gad_alert){.severity = i->severity,
                              .count = incident_counted(i),
                              .first = i->pending > 0 ? i->pending_first : i->last,
                              .last = i->pending > 0 ? i->pending_last : i->last};
    set_sample(i->label, s, ret);
    set_incident(i, state, &ret->incident);
}

void report_single(const struct model *m, struct incident_sample *s, struct gad_time when,
                   struct gad_alert *ret)
{
    explain(m, s);
    *ret = (struct gad_alert){.count = 1, .first = when, .last = when};
    set_sample(m->label, s, ret);
    ret->severity = gad_alert_severity(ret->risk);
}
