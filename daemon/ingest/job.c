/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/ingest/job.h"

#include "lib/base/mem.h"
#include "lib/record/record.h"
#include "models/detector.h"

enum {
    ROOM_MIN = 16,
    ROOM_KEPT = 1024, /* records; larger arrays are given back with the job */
    REASONS_KEPT = 4096,
};

struct job_pool {
    struct job *jobs; /* (JOBS_MAX) */
    struct job *free;
    size_t in_use, bytes, bytes_max;
};

static void drop_records(struct job *j)
{
    gad_free(j->rec);
    gad_free(j->score);
    gad_free(j->p_value);
    gad_free(j->anomalous);
    j->rec = NULL;
    j->score = j->p_value = NULL;
    j->anomalous = NULL;
    j->n_room = 0;
}

static void drop_reasons(struct job *j)
{
    gad_free(j->reason);
    j->reason = NULL;
    j->reason_room = 0;
}

int job_pool_new(size_t bytes, struct job_pool **ret)
{
    struct job_pool *p = gad_calloc(1, sizeof(*p));
    if (!p)
        return GAD_ENOMEM;
    p->bytes_max = bytes;
    p->jobs = gad_calloc(JOBS_MAX, sizeof(*p->jobs));
    if (!p->jobs) {
        gad_free(p);
        return GAD_ENOMEM;
    }
    for (size_t i = JOBS_MAX; i-- > 0;) {
        p->jobs[i].next = p->free;
        p->free = &p->jobs[i];
    }
    *ret = p;
    return 0;
}

void job_pool_free(struct job_pool *p)
{
    if (!p)
        return;
    gad_assert(p->in_use == 0);
    for (size_t i = 0; i < JOBS_MAX; i++) {
        drop_records(&p->jobs[i]);
        drop_reasons(&p->jobs[i]);
    }
    gad_free(p->jobs);
    gad_free(p);
}

bool job_pool_is_empty(const struct job_pool *p)
{
    return !p->free || p->bytes >= p->bytes_max;
}

size_t job_pool_in_use(const struct job_pool *p)
{
    return p->in_use;
}

struct job *job_get(struct job_pool *p)
{
    if (job_pool_is_empty(p))
        return NULL;
    struct job *j = p->free;
    p->free = j->next;
    p->in_use++;
    j->next = NULL;
    j->client = NULL;
    j->model = NULL;
    j->id = j->n_unknown = 0;
    j->error = 0;
    j->text[0] = '\0';
    j->n = j->n_anomalous = 0;
    j->top = j->stride = 0;
    j->may_alert = j->begins_batch = false;
    return j;
}

void job_put(struct job_pool *p, struct job *j)
{
    gad_assert(p->in_use > 0 && p->bytes >= j->charge);
    p->in_use--;
    p->bytes -= j->charge;
    j->charge = 0;
    if (j->n_room > ROOM_KEPT)
        drop_records(j);
    if (j->reason_room > REASONS_KEPT)
        drop_reasons(j);
    j->next = p->free;
    p->free = j;
}

static int grow_records(struct job *j, size_t n)
{
    size_t room = ROOM_MIN;

    while (room < n) /* n is at most JOB_RECORDS_MAX */
        room *= 2;
    drop_records(j);
    j->rec = gad_calloc(room, sizeof(*j->rec));
    j->score = gad_calloc(room, sizeof(*j->score));
    j->p_value = gad_calloc(room, sizeof(*j->p_value));
    j->anomalous = gad_calloc(room, sizeof(*j->anomalous));
    if (!j->rec || !j->score || !j->p_value || !j->anomalous) {
        drop_records(j);
        return GAD_ENOMEM;
    }
    j->n_room = room;
    return 0;
}

int job_reserve(struct job_pool *p, struct job *j, size_t n, uint32_t stride)
{
    size_t reasons = n * stride;

    gad_assert(n <= JOB_RECORDS_MAX && stride <= GAD_N_COLUMNS);
    if ((!j->rec || n > j->n_room) && grow_records(j, n) != 0)
        return GAD_ENOMEM;
    if (reasons > j->reason_room) {
        drop_reasons(j);
        j->reason = gad_calloc(reasons, sizeof(*j->reason));
        if (!j->reason)
            return GAD_ENOMEM;
        j->reason_room = reasons;
    }
    size_t row = sizeof(*j->rec) + 2 * sizeof(float) + 1 + stride * sizeof(*j->reason);
    p->bytes += n * row;
    j->charge += n * row;
    j->n = n;
    j->stride = stride;
    return 0;
}
