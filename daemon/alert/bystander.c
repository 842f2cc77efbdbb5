/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/bystander.h"

#include "daemon/score/models.h"
#include "daemon/stats.h"
#include "lib/record/record.h"
#include "models/detector.h"

#define COLUMN(c) (UINT64_C(1) << (c))

/* Windows of 2 s. */
static const uint64_t TARGET_WINDOWS = COLUMN(GAD_COUNT) | COLUMN(GAD_SERROR_RATE) |
                                       COLUMN(GAD_RERROR_RATE) | COLUMN(GAD_SAME_SRV_RATE) |
                                       COLUMN(GAD_DIFF_SRV_RATE);
static const uint64_t SERVICE_WINDOWS = COLUMN(GAD_SRV_COUNT) | COLUMN(GAD_SRV_SERROR_RATE) |
                                        COLUMN(GAD_SRV_RERROR_RATE) |
                                        COLUMN(GAD_SRV_DIFF_HOST_RATE);

/* Of the last records of the network. */
static const uint64_t RECORD_WINDOWS =
    COLUMN(GAD_DST_HOST_COUNT) | COLUMN(GAD_DST_HOST_SRV_COUNT) |
    COLUMN(GAD_DST_HOST_SAME_SRV_RATE) | COLUMN(GAD_DST_HOST_DIFF_SRV_RATE) |
    COLUMN(GAD_DST_HOST_SAME_SRC_PORT_RATE) | COLUMN(GAD_DST_HOST_SRV_DIFF_HOST_RATE) |
    COLUMN(GAD_DST_HOST_SERROR_RATE) | COLUMN(GAD_DST_HOST_SRV_SERROR_RATE) |
    COLUMN(GAD_DST_HOST_RERROR_RATE) | COLUMN(GAD_DST_HOST_SRV_RERROR_RATE);

/* An attack by others that is large enough to fill the windows. */
static bool can_explain(const struct incident *i, const struct incident_key *k)
{
    if (!i || i->records < BYSTANDER_ATTACKERS || distinct_has(&i->sources, k->source))
        return false;
    if (k->nature == GAD_NATURE_TRAFFIC)
        return distinct_count(&i->watchers, k->source) < BYSTANDER_RECORDS;
    return i->absorbed < BYSTANDER_OTHERS_ALL &&
           distinct_count(&i->watchers, k->source) < BYSTANDER_OTHERS &&
           distinct_count(&i->watched, k->target) < BYSTANDER_OTHERS;
}

/* The columns that attacks by others can have changed, and one of these attacks. */
static uint64_t columns_of(struct attacks *a, const struct incident_key *k, struct incident **ret)
{
    struct incident *of_target = attacks_on_target(a, k);
    struct incident *of_service = attacks_on_service(a, k);
    struct incident *of_network = attacks_on_network(a);
    uint64_t columns = 0;

    if (can_explain(of_network, k)) {
        columns |= RECORD_WINDOWS;
        *ret = of_network;
    }
    if (can_explain(of_service, k)) {
        columns |= SERVICE_WINDOWS;
        *ret = of_service;
    }
    if (can_explain(of_target, k)) {
        columns |= TARGET_WINDOWS | SERVICE_WINDOWS | RECORD_WINDOWS;
        *ret = of_target;
    }
    return columns;
}

struct incident *bystander_of(struct attacks *a, const struct incident_key *k,
                              const struct gad_record *rec, struct rate_limit *checks,
                              struct gad_time now, struct stats *stats)
{
    const struct model *m = k->model;
    struct incident *i = NULL;

    if (!k->is_known || m->steps > 1)
        return NULL;
    uint64_t columns = columns_of(a, k, &i);
    if (columns == 0 || !attacks_are_few_of(a, k->source))
        return NULL;
    if (rate_limit_take(checks, now, 1) == 0) {
        stats->bystanders_unchecked++;
        return NULL;
    }
    float score = gad_detector_score_without(m->detector, m->explaining, rec, columns);
    return score <= m->threshold ? i : NULL;
}
