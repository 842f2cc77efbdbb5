/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/bystander.h"

#include "daemon/score/models.h"
#include "daemon/stats.h"
#include "lib/record/record.h"
#include "models/detector.h"

#define COLUMN(c) (UINT64_C(1) << (c))

/* Windows that count the records of a target. */
static const uint64_t TARGET_WINDOWS =
    COLUMN(GAD_COUNT) | COLUMN(GAD_SERROR_RATE) | COLUMN(GAD_RERROR_RATE) |
    COLUMN(GAD_SAME_SRV_RATE) | COLUMN(GAD_DIFF_SRV_RATE) | COLUMN(GAD_DST_HOST_COUNT) |
    COLUMN(GAD_DST_HOST_SRV_COUNT) | COLUMN(GAD_DST_HOST_SAME_SRV_RATE) |
    COLUMN(GAD_DST_HOST_DIFF_SRV_RATE) | COLUMN(GAD_DST_HOST_SAME_SRC_PORT_RATE) |
    COLUMN(GAD_DST_HOST_SRV_DIFF_HOST_RATE) | COLUMN(GAD_DST_HOST_SERROR_RATE) |
    COLUMN(GAD_DST_HOST_SRV_SERROR_RATE) | COLUMN(GAD_DST_HOST_RERROR_RATE) |
    COLUMN(GAD_DST_HOST_SRV_RERROR_RATE);

/* Windows that count the records of a service at all targets. */
static const uint64_t SERVICE_WINDOWS = COLUMN(GAD_SRV_COUNT) | COLUMN(GAD_SRV_SERROR_RATE) |
                                        COLUMN(GAD_SRV_RERROR_RATE) |
                                        COLUMN(GAD_SRV_DIFF_HOST_RATE);

/* An attack by others that is large enough to fill the windows. */
static bool can_explain(const struct incident *i, const struct incident_key *k)
{
    return i && i->records >= BYSTANDER_ATTACKERS && !distinct_has(&i->sources, k->source) &&
           distinct_count(&i->watchers, k->source) < BYSTANDER_RECORDS;
}

struct incident *bystander_of(struct incidents *t, const struct incident_key *k,
                              const struct gad_record *rec, struct rate_limit *checks,
                              struct gad_time now, struct stats *stats)
{
    uint64_t columns = SERVICE_WINDOWS;

    if (!k->is_known || k->nature != GAD_NATURE_TRAFFIC || k->model->steps > 1)
        return NULL;
    struct incident *i = incidents_attack_on_target(t, k);
    if (can_explain(i, k))
        columns |= TARGET_WINDOWS;
    else
        i = incidents_attack_on_service(t, k);
    if (!can_explain(i, k))
        return NULL;
    if (rate_limit_take(checks, now, 1) == 0) {
        stats->bystanders_unchecked++;
        return NULL;
    }
    const struct model *m = k->model;
    float score = gad_detector_score_without(m->detector, m->explaining, rec, columns);
    return score <= m->threshold ? i : NULL;
}
