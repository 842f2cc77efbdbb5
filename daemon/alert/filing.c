/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/alert/filing.h"

#include "daemon/alert/host.h"
#include "daemon/score/job.h"
#include "daemon/score/models.h"
#include "models/detector.h"

uint8_t filing_cause(struct rate_limit *causes, const struct incident_key *k,
                     const struct gad_record *r, struct gad_time now)
{
    const struct model *m = k->model;

    if (k->nature != GAD_NATURE_TRAFFIC || m->steps > 1 || rate_limit_take(causes, now, 1) == 0)
        return GAD_N_COLUMNS;
    return (uint8_t)gad_detector_cause(m->detector, m->explaining, r).column;
}

uint8_t filing_kind(uint8_t cause)
{
    if (cause == GAD_N_COLUMNS || (cause >= GAD_COUNT && cause < GAD_N_COLUMNS))
        return 0;
    return cause == GAD_SRC_BYTES || cause == GAD_DST_BYTES || cause == GAD_DURATION ? 1 : 2;
}

struct incident_key filing_key(const struct job *j, size_t i)
{
    const struct gad_record *r = &j->rec[i];
    struct incident_key k = {.model = job_model(j, i),
                             .nature = gad_nature_of(r),
                             .is_known = r->tuple.family != 0,
                             .service = (uint16_t)(int)r->v[GAD_SERVICE],
                             .port = r->tuple.dst_port};

    if (k.is_known) {
        k.source = host_thing(r->tuple.family, r->tuple.src);
        k.target = host_thing(r->tuple.family, r->tuple.dst);
    }
    return k;
}
