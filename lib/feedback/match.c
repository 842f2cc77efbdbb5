/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "lib/feedback/verdict.h"

/* Between the decision of a record and its alert; and between the clocks of two writers. */
#define GRACE_NS INT64_C(2000000000)

static bool is_in_time(const struct gad_verdict *v, struct gad_time t)
{
    return gad_time_sub(t, v->first).ns >= -GRACE_NS && gad_time_sub(t, v->last).ns <= GRACE_NS;
}

static bool has_features_of(const struct gad_verdict *v, const struct gad_record *r)
{
    for (int c = 0; c < GAD_N_COLUMNS; c++)
        if ((float)v->v[c] < (float)r->v[c] || (float)v->v[c] > (float)r->v[c])
            return false;
    return v->has_features;
}

static bool has_ends_of(const struct gad_verdict *v, const struct gad_tuple *t)
{
    bool is_family = v->family == t->family || (!v->has_src && !v->has_dst);

    return is_family && (!v->has_src || memcmp(v->src, t->src, sizeof(v->src)) == 0) &&
           (!v->has_dst || memcmp(v->dst, t->dst, sizeof(v->dst)) == 0) &&
           (v->port == 0 || v->port == t->dst_port);
}

bool gad_verdict_meets(const struct gad_verdict *v, const struct gad_record *rec, bool is_timed,
                       struct gad_time time)
{
    if (!is_timed)
        return has_features_of(v, rec);
    if (!is_in_time(v, time))
        return false;
    if (v->service != GAD_NAME_UNKNOWN && v->service != (int)rec->v[GAD_SERVICE])
        return false;
    if (v->nature != GAD_NATURE_NONE && v->nature != gad_nature_of(rec))
        return false;
    return rec->tuple.family == 0 || has_ends_of(v, &rec->tuple);
}
