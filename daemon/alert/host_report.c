/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/host_report.h"

#include <string.h>

#include "daemon/alert/filing.h"
#include "daemon/alert/report.h"
#include "daemon/alert/suppressor.h"
#include "daemon/alert/tally.h"
#include "daemon/score/job.h"
#include "daemon/score/models.h"
#include "daemon/stats.h"
#include "models/detector.h"

#define SECOND_NS INT64_C(1000000000)

int host_watches_new(const struct config *c, unsigned clients, bool has_state, struct stats *stats,
                     struct host_watch *ret[2])
{
    int r = host_watch_new(c, clients, "", stats, &ret[0]);

    return r != 0 ? r : host_watch_new(c, 1, has_state ? c->host.state : "", stats, &ret[1]);
}

void host_watches_count(struct host_watch *const watch[2], struct stats *stats)
{
    stats->hosts = stats->hosts_learning = 0;
    for (size_t i = 0; i < 2 && watch[i]; i++) {
        stats->hosts += host_watch_count(watch[i]);
        stats->hosts_learning += host_watch_is_learning(watch[i]);
    }
}

const struct host_finding *host_report_find(struct host_watch *w, struct suppressor *rules,
                                            const struct job *j, size_t n, struct gad_time when,
                                            struct stats *stats)
{
    bool may_find = j->may_alert && !job_model(j, n)->is_withheld;
    const struct host_finding *f =
        host_watch_take(w, &j->rec[n], (double)j->p_value[n], when, may_find);

    if (!f)
        return NULL;
    /* an anomalous record was compared with the rules before */
    const char *name = gad_detector_name(job_model(j, n)->detector);
    if (suppressor_match(rules, &j->rec[n], name, j->score[n]) == 0)
        return f;
    stats->hosts_suppressed += f->is_new;
    return NULL;
}

struct incident_key host_report_key(const struct job *j, size_t n)
{
    struct incident_key k = filing_key(j, n);

    k.nature = GAD_NATURE_HOST;
    k.cause = GAD_N_COLUMNS;
    return k;
}

static void add_past(struct incident *i, const uint64_t secret[static 2],
                     const struct incident_key *k, const struct host_finding *f)
{
    for (size_t n = 0; n < f->n_past; n++) {
        const struct host_record *r = f->past[n];
        (void)distinct_add(&i->sources, secret, k->source);
        (void)distinct_add(&i->targets, secret, r->target);
        (void)distinct_add(&i->ports, secret, (struct thing){0, r->port});
        if (r->is_two_way)
            (void)distinct_add(&i->answered, secret, r->target);
        if (i->records++ == 0)
            i->first.ns = r->second * SECOND_NS;
    }
}

void host_report_add(struct incident *i, struct attacks *a, const uint64_t secret[static 2],
                     const struct incident_key *k, const struct host_finding *f,
                     const struct gad_record *r, struct gad_time when)
{
    if (f->is_new) {
        if (i->records == 0)
            add_past(i, secret, k, f);
        i->n_unusual = f->n;
        memcpy(i->unusual, f->unusual, sizeof(i->unusual));
        i->is_urgent = true;
    }
    i->may_be_forged = f->may_be_forged;
    if (i->records == 0)
        i->first = when;
    if (i->pending == 0)
        i->pending_first = when;
    i->last = i->pending_last = when;
    i->records++;
    i->pending++;
    tally_add(i, a, secret, k, r);
    if (i->targets.n > 1)
        i->line = GAD_LINE_SOURCE;
    report_review(i);
}
