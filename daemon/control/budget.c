/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/control/budget.h"

#include "daemon/control/control.h"
#include "daemon/control/status.h"
#include "daemon/ingest/reply.h"
#include "daemon/score/budgets.h"
#include "daemon/score/models.h"
#include "lib/base/diag.h"
#include "models/interval.h"

#define HOUR_NS INT64_C(3600000000000)

static Ganad__V1__StatusReply__BudgetRate *set_rate(Ganad__V1__StatusReply__BudgetRate *to,
                                                    const struct budget_rate *from)
{
    ganad__v1__status_reply__budget_rate__init(to);
    to->n = from->n;
    to->k = from->k;
    to->apart = from->apart;
    to->low = from->low;
    to->high = from->high;
    to->spread = from->spread;
    return to;
}

static void fill_hours(struct status_budget *s, const struct budget_state *from)
{
    for (int64_t hour = from->hour - BUDGET_HOURS + 1; hour <= from->hour; hour++) {
        const struct budget_hour *h = hour > 0 ? &from->hours[hour % BUDGET_HOURS] : NULL;
        if (!h || h->hour != hour || h->n + h->apart == 0)
            continue;
        struct budget_rate r = {.n = h->n, .k = h->k, .apart = h->apart, .high = 1, .spread = 1};
        if (h->n > 0) {
            struct gad_interval i = gad_binomial_interval(h->k, h->n);
            r.low = i.low;
            r.high = i.high;
        }
        Ganad__V1__StatusReply__BudgetRate *to = set_rate(&s->hour[s->m.n_hour], &r);
        to->begin_ns = hour * HOUR_NS;
        s->hour_list[s->m.n_hour++] = to;
    }
    s->m.hour = s->hour_list;
}

static void fill_days(struct status_budget *s, const struct budget_state *from)
{
    int64_t today = from->hour / 24;

    for (int64_t day = today - BUDGET_DAYS; day < today; day++) {
        const struct budget_day *d = day > 0 ? &from->days[day % BUDGET_DAYS] : NULL;
        if (!d || d->day != day || d->n + d->apart == 0)
            continue;
        const struct budget_rate r = {
            .n = d->n, .k = d->k, .apart = d->apart, .low = d->low, .high = d->high, .spread = 1};
        Ganad__V1__StatusReply__BudgetRate *to = set_rate(&s->whole_day[s->m.n_whole_day], &r);
        to->begin_ns = day * 24 * HOUR_NS;
        s->day_list[s->m.n_whole_day++] = to;
    }
    s->m.whole_day = s->day_list;
}

Ganad__V1__StatusReply__Budget *control_budget_fill(struct status_budget *s,
                                                    const struct model *from,
                                                    const struct budget_options *keys)
{
    const struct budget_state *b = &from->budget->is;
    uint32_t proposal = budget_proposal(from->budget, keys);
    struct budget_rate rate = budget_of_verdict(from->budget, keys);

    ganad__v1__status_reply__budget__init(&s->m);
    s->m.verdict = set_rate(&s->verdict, &rate);
    rate = budget_of_day(from->budget);
    s->m.day = set_rate(&s->day, &rate);
    s->m.over = b->over_since > 0;
    s->m.over_since_ns = b->over_since * HOUR_NS;
    s->m.calibrated = from->calibrated;
    s->m.factor = budget_factor(b->level);
    s->m.since_ns = b->since * HOUR_NS;
    s->m.changed_ns = b->changed * HOUR_NS;
    s->m.proposal = proposal == b->level ? from->threshold
                    : proposal == 0      ? from->calibrated
                                         : from->budget->threshold[proposal];
    s->m.proposal_factor = budget_factor(proposal);
    s->m.adapt = keys->adapt;
    s->m.step = keys->step;
    s->m.most = keys->most;
    s->m.may_change = budget_may_change(from->budget);
    fill_hours(s, b);
    fill_days(s, b);
    return &s->m;
}

bool control_budget_is(const Ganad__V1__ControlRequest *m)
{
    return m->command == GANAD__V1__CONTROL_REQUEST__COMMAND__BUDGET_ADAPT ||
           m->command == GANAD__V1__CONTROL_REQUEST__COMMAND__BUDGET_RESET;
}

int control_budget(const struct control_options *o, struct gad_time started,
                   const Ganad__V1__ControlRequest *m, struct gad_buf *out)
{
    struct gad_diag d = {""};
    int r = 0;

    if (!o->budgets)
        r = gad_fail(&d, GAD_EINVAL, "this ganadd counts no budgets");
    else if (m->command == GANAD__V1__CONTROL_REQUEST__COMMAND__BUDGET_ADAPT)
        r = budgets_adapt(o->budgets, m->model, &d);
    else
        r = budgets_reset(o->budgets, m->model, &d);
    return r == 0 ? status_reply(o, started, out)
                  : reply_error(0, GANAD__V1__ERROR_REPLY__CODE__REFUSED, d.text, out);
}
