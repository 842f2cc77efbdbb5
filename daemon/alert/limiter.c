/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/limiter.h"

#include "daemon/alert/host.h"

enum { BURST = 10 /* seconds of the rate that are allowed at once */ };
#define REPORT_NS INT64_C(30000000000) /* from the first alert that is held back to the event */

void limiter_set(struct limiter *l, uint64_t rate, struct gad_time now)
{
    double a_second = (double)rate, most = BURST * a_second;

    for (size_t i = 0; i < 2; i++)
        l->limit[i] = rate_limit_init(a_second, most, now);
    l->reserve = most / 2;
}

void limiter_deinit(struct limiter *l)
{
    distinct_deinit(&l->sources);
}

bool limiter_take(struct limiter *l, bool is_captured, unsigned severity, struct gad_time now)
{
    struct rate_limit *b = &l->limit[is_captured];

    if (rate_limit_take(b, now, 1) == 0)
        return false;
    if (!rate_limit_is_limited(b) || severity == GAD_SEVERITY_HIGH || b->left >= l->reserve)
        return true;
    rate_limit_give_back(b, 1);
    return false;
}

void limiter_hold(struct limiter *l, unsigned severity, enum gad_hint hint,
                  const struct thing *source, const uint64_t secret[static 2], uint64_t n,
                  struct gad_time now)
{
    if (!l->has_held)
        l->begun = now;
    l->has_held = true;
    l->by_severity[severity] += n;
    l->by_hint[hint] += n;
    if (source)
        (void)distinct_add(&l->sources, secret, *source);
}

struct gad_time limiter_due(const struct limiter *l)
{
    return (struct gad_time){l->has_held ? l->begun.ns + REPORT_NS : INT64_MAX};
}

/* The hints with the largest counts. */
static void top_hints(const struct limiter *l, struct gad_limit_event *ret)
{
    uint64_t left[GAD_N_HINTS];

    for (size_t i = 0; i < GAD_N_HINTS; i++)
        left[i] = l->by_hint[i];
    for (; ret->n_cause < GAD_LIMIT_TOP; ret->n_cause++) {
        size_t most = 0;
        for (size_t i = 1; i < GAD_N_HINTS; i++)
            most = left[i] > left[most] ? i : most;
        if (left[most] == 0)
            return;
        ret->cause[ret->n_cause].hint = (enum gad_hint)most;
        ret->cause[ret->n_cause].count = left[most];
        left[most] = 0;
    }
}

bool limiter_report(struct limiter *l, struct gad_time now, struct gad_limit_event *ret)
{
    if (!l->has_held)
        return false;
    *ret = (struct gad_limit_event){.period = gad_time_sub(now, l->begun),
                                    .high = l->by_severity[GAD_SEVERITY_HIGH],
                                    .medium = l->by_severity[GAD_SEVERITY_MEDIUM],
                                    .low = l->by_severity[GAD_SEVERITY_LOW]};
    top_hints(l, ret);
    ret->n_source = host_top(&l->sources, GAD_LIMIT_TOP, ret->source);
    l->has_held = false;
    for (size_t i = 0; i < GAD_N_HINTS; i++)
        l->by_hint[i] = 0;
    for (size_t i = 0; i <= GAD_SEVERITY_LOW; i++)
        l->by_severity[i] = 0;
    distinct_deinit(&l->sources);
    l->sources = (struct distinct){0};
    return true;
}
